# Compiler and linker flags of the two toolchains.
#
# Code is compiled for rv32imc with the CSR and fence.i extensions named; linking names rv32imc alone, because the
# multilib tables of GCC know no other spelling (they then choose rv32im/ilp32).

ARCH      := -march=rv32imc_zicsr_zifencei -mabi=ilp32
LINK_ARCH := -march=rv32imc -mabi=ilp32

MULTILIB := $(shell $(GCC) $(LINK_ARCH) -print-multi-directory)
PICOLIBC := $(patsubst %/,%,$(dir $(shell $(GCC) -print-file-name=picolibc.specs)))
PICOLIBC_ROOT ?= $(firstword $(wildcard /usr/lib/picolibc/riscv64-unknown-elf /usr/picolibc/riscv64-unknown-elf))

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS   := $(ARCH) -std=gnu11 -O2 -g -ffunction-sections -fdata-sections -fno-common $(WARNINGS)
ASFLAGS  := $(ARCH) -g
INCLUDES := -Iinclude -Ihal -Idrivers/reta -Iretnet
LDSCRIPT := ../linker/pulpissimo.ld

# The format functions of picolibc without floating point.
LDCOMMON := -nostartfiles -T $(LDSCRIPT) -L../linker -Wl,--gc-sections -Wl,--defsym=vfprintf=__i_vfprintf \
            -Wl,--fatal-warnings

ifneq (,$(findstring clang,$(notdir $(CC))))
TARGET   := --target=riscv32-unknown-elf
CFLAGS   += $(TARGET) -isystem $(PICOLIBC_ROOT)/include -ftls-model=local-exec
ASFLAGS  += $(TARGET)
LDFLAGS  := $(TARGET) $(LINK_ARCH) -fuse-ld=lld -nostdlib $(LDCOMMON)
LIBGCC   := $(shell $(GCC) $(LINK_ARCH) -print-libgcc-file-name)
LDLIBS   := $(PICOLIBC_ROOT)/lib/$(MULTILIB)/libc.a $(LIBGCC) $(PICOLIBC_ROOT)/lib/$(MULTILIB)/libc.a
else
CFLAGS   += --specs=picolibc.specs
LDFLAGS  := $(LINK_ARCH) --specs=picolibc.specs $(LDCOMMON)
LDLIBS   :=
endif
