# How programs are built: each program has its own objects, because flags and model differ.

# Short lines unless V=1.
ifneq ($(V),1)
Q   := @
say = @printf '  %-4s %s\n' '$(1)' '$(2)'
endif

STAMP     := $(BUILD)/toolchain
GENERATED := $(BUILD)/charlm/retnet_model.h $(BUILD)/digits/retnet_model.h $(BUILD)/sine_rom.h $(BUILD)/vectors_table.h

all: $(PROGRAMS:%=$(BUILD)/%.elf) $(BUILD)/charlm.flash $(BUILD)/boot-rom.bin $(BUILD)/semihosting.elf

# A change of compiler or flags rebuilds everything: the stamp's content is the command line.
$(STAMP): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CFLAGS) $(LDFLAGS) $(VECTORS)' | cmp -s - $@ || \
	  printf '%s\n' '$(CC) $(CFLAGS) $(LDFLAGS) $(VECTORS)' > $@

$(BUILD)/%/retnet_model.h: models/%.json models/%.bin scripts/model_header.py
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) scripts/model_header.py $< $@

$(BUILD)/sine_rom.h: scripts/sine_header.py
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) $< $@

$(BUILD)/vectors_table.h: scripts/vectors_header.py $(wildcard $(VECTORS)/*.json) $(STAMP)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) $< $(VECTORS) $@

# A flash image with a network's weights.
$(BUILD)/%.flash: models/%.bin scripts/flash_model.py
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) scripts/flash_model.py $< $@

# program(name)
define program
OBJECTS_$(1) := $$(patsubst %,$$(BUILD)/objects/$(1)/%.o,\
                  $$(COMMON) hal/console_$$(or $$(CONSOLE_$(1)),$$(CONSOLE)).c $$(SOURCES_$(1)))
CPPFLAGS_$(1) := $$(INCLUDES) $$(FLAGS_$(1)) \
  $$(if $$(MODEL_$(1)),-I$$(BUILD)/$$(MODEL_$(1)) -DRETNET_BLOB='"models/$$(MODEL_$(1)).bin"')

$$(BUILD)/objects/$(1)/%.c.o: %.c $$(STAMP) | $$(GENERATED)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(CPPFLAGS_$(1)) -MMD -MP -c $$< -o $$@

$$(BUILD)/objects/$(1)/%.S.o: %.S $$(STAMP)
	@mkdir -p $$(@D)
	$$(call say,AS,$$@)
	$$(Q)$$(CC) $$(ASFLAGS) $$(CPPFLAGS_$(1)) -I$$(VECTORS) -MMD -MP -c $$< -o $$@

$$(BUILD)/$(1).elf: $$(OBJECTS_$(1)) $$(wildcard ../linker/*.ld)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS) $$(OBJECTS_$(1)) $$(LDLIBS) -o $$@

-include $$(OBJECTS_$(1):.o=.d)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# Binary files that assembly includes.
$(foreach p,$(PROGRAMS),$(eval $(BUILD)/objects/$(p)/retnet/retnet_blob.S.o: $(wildcard models/$(MODEL_$(p)).bin)))
$(BUILD)/objects/reta-selftest/examples/reta-selftest/vectors_data.S.o: $(wildcard $(VECTORS)/*.bin)

# The boot ROM: linked for its own memory, and as the source file that the emulator is built with (scripts/generate).
$(BUILD)/boot-rom.o: boot/boot_rom.S $(STAMP)
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(ASFLAGS) $(INCLUDES) -MMD -MP -c $< -o $@

$(BUILD)/boot-rom.elf: $(BUILD)/boot-rom.o boot/boot_rom.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(LINKER) -nostdlib -T boot/boot_rom.ld $< -o $@

$(BUILD)/boot-rom.bin: $(BUILD)/boot-rom.elf
	$(Q)$(CROSS)objcopy -O binary $< $@

$(BUILD)/BootROMImage.swift: $(BUILD)/boot-rom.bin scripts/boot_rom_swift.py
	$(call say,GEN,$@)
	$(Q)$(CROSS)nm $(BUILD)/boot-rom.elf | $(PYTHON) scripts/boot_rom_swift.py $< $@

-include $(BUILD)/boot-rom.d

# The C library's own start-up code and semihosting, linked as GCC's specs file knows to; always with GCC.
$(BUILD)/semihosting.elf: tests/semihosting.c $(STAMP)
	$(call say,LD,$@)
	$(Q)$(GCC) -march=rv32imc -mabi=ilp32 -misa-spec=2.2 -std=gnu11 -Os -g $(WARNINGS) --specs=picolibc.specs \
	  --oslib=semihost --crt0=hosted -Wl,--defsym=__flash=0x1C000000 -Wl,--defsym=__flash_size=0x10000 \
	  -Wl,--defsym=__ram=0x1C010000 -Wl,--defsym=__ram_size=0x10000 $< -o $@

# The plain C network, compiled for the build machine, must give the model's examples.
check: $(BUILD)/check-charlm $(BUILD)/check-digits
	$(BUILD)/check-charlm
	$(BUILD)/check-digits

CHECK_SOURCES := $(NETWORK) retnet/retnet_host.c retnet/host_norm.c retnet/host_retention.c

$(BUILD)/check-%: tests/check_%.c $(wildcard retnet/*) $(BUILD)/%/retnet_model.h $(BUILD)/%/examples.h $(BUILD)/sine_rom.h
	$(call say,CC,$@)
	$(Q)$(HOST_CC) -std=gnu11 -O2 $(WARNINGS) -DRETNET_MAX_ROWS=64 -DRETNET_BLOB='"models/$*.bin"' $(INCLUDES) -I$(BUILD) \
	  -I$(BUILD)/$* -Wl,-z,noexecstack $< $(CHECK_SOURCES) -o $@

$(BUILD)/%/examples.h: models/%.json scripts/examples_header.py
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) scripts/examples_header.py $< $@

clean:
	rm -rf $(BUILD)

.PHONY: all check clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
