# Compiler and linker flags of the two toolchains.
#
# Code is compiled for rv32imc with the CSR and fence.i extensions named; linking names rv32imc alone, because the
# multilib tables of GCC know no other spelling (they then choose rv32im/ilp32).

ARCH      := -march=rv32imc_zicsr_zifencei -mabi=ilp32
LINK_ARCH := -march=rv32imc -mabi=ilp32

MULTILIB := $(shell $(GCC) $(LINK_ARCH) -print-multi-directory)
# The C library's folder, for compilers that do not know the specs file: GCC's preprocessor tells where its headers are.
PICOLIBC := $(patsubst %/include,%,$(shell $(GCC) --specs=picolibc.specs -E -v -x c /dev/null 2>&1 | \
              sed -n 's|^ \(/.*picolibc.*/include\)/*$$|\1|p'))

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS   := $(ARCH) -std=gnu11 -O2 -g -ffunction-sections -fdata-sections -fno-common $(WARNINGS)
ASFLAGS  := $(ARCH) -g
INCLUDES := -Iinclude -Ihal -Idrivers/reta -Idrivers/pulp -Iretnet
LDSCRIPT := ../linker/pulpissimo.ld

# The format functions of picolibc without floating point.
LDCOMMON := -nostartfiles -T $(LDSCRIPT) -L../linker -Wl,--gc-sections -Wl,--defsym=vfprintf=__i_vfprintf

ifneq (,$(findstring clang,$(notdir $(CC))))
TARGET   := --target=riscv32-unknown-elf
CFLAGS   += $(TARGET) -isystem $(PICOLIBC)/include -ftls-model=local-exec
ASFLAGS  += $(TARGET)
LINKER   := $(TARGET) $(LINK_ARCH) -fuse-ld=lld
LDFLAGS  := $(LINKER) -nostdlib $(LDCOMMON)
LIBGCC   := $(shell $(GCC) $(LINK_ARCH) -print-libgcc-file-name)
LDLIBS   := $(PICOLIBC)/lib/$(MULTILIB)/libc.a $(LIBGCC) $(PICOLIBC)/lib/$(MULTILIB)/libc.a
else
CFLAGS   += --specs=picolibc.specs
LINKER   := $(LINK_ARCH)
LDFLAGS  := $(LINKER) --specs=picolibc.specs $(LDCOMMON)
LDLIBS   :=
endif
