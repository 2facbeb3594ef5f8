# The programs and their sources. For each program: SOURCES_name, and if it needs them MODEL_name (the network), FLAGS_name
# (preprocessor), CONSOLE_name (uart, the default, or stdout).

PROGRAMS := hello reta-selftest \
            retnet-generate-poll retnet-generate-irq retnet-generate-queue retnet-generate-list retnet-generate-host \
            retnet-generate-shared retnet-generate-guarded retnet-digits retnet-digits-guarded retnet-flash \
            reta-guarded-poll reta-guarded-irq reta-guarded-queue reta-guarded-list reta-naive \
            uart-loopback spi-flash i2c-devices gpio-pins timers pwm-wave camera i2s-echo \
            driver-bugs driver-styles

COMMON  := startup/crt0.S startup/vectors.S hal/irq.c hal/soc_event.c hal/system.c hal/timer.c hal/udma_uart.c
CONSOLE := uart
DRIVER  := $(wildcard drivers/reta/*.c)
NETWORK := retnet/retnet.c retnet/retnet_blob.S

SOURCES_hello := examples/hello/main.c $(DRIVER)

SOURCES_reta-selftest := $(wildcard examples/reta-selftest/*.c examples/reta-selftest/*.S) $(DRIVER)
FLAGS_reta-selftest   := -I$(BUILD)

GENERATE      := examples/retnet-generate
JOBS_SOURCES  := $(addprefix $(GENERATE)/,main.c request.c accelerator.c report.c generate_jobs.c) \
                 $(NETWORK) retnet/retnet_pass.c $(DRIVER)
JOBS_STYLE     = -DGENERATE_STYLE=reta_$(1) -DGENERATE_STYLE_NAME='"$(1)"'

SOURCES_retnet-generate-poll  := $(JOBS_SOURCES)
FLAGS_retnet-generate-poll    := $(call JOBS_STYLE,poll)
MODEL_retnet-generate-poll    := charlm
SOURCES_retnet-generate-irq   := $(JOBS_SOURCES)
FLAGS_retnet-generate-irq     := $(call JOBS_STYLE,irq)
MODEL_retnet-generate-irq     := charlm
SOURCES_retnet-generate-queue := $(JOBS_SOURCES)
FLAGS_retnet-generate-queue   := $(call JOBS_STYLE,queue)
MODEL_retnet-generate-queue   := charlm

LIST_SOURCES  := $(addprefix $(GENERATE)/,main.c request.c accelerator.c list.c) $(NETWORK) retnet/retnet_pass.c $(DRIVER)

SOURCES_retnet-generate-list   := $(LIST_SOURCES) $(addprefix $(GENERATE)/,report.c generate_list.c)
MODEL_retnet-generate-list     := charlm
SOURCES_retnet-generate-shared := $(LIST_SOURCES) $(addprefix $(GENERATE)/,report.c generate_shared.c)
MODEL_retnet-generate-shared   := charlm

# Under guard: what to ship (Documentation/Faults.md).
GUARD       := examples/reta-guarded/remark.c retnet/retnet_guard.c
FLAGS_GUARD := -DRETNET_GUARDED -Iexamples/reta-guarded

SOURCES_retnet-generate-guarded := $(LIST_SOURCES) $(GENERATE)/generate_guarded.c $(GUARD)
FLAGS_retnet-generate-guarded   := $(FLAGS_GUARD)
MODEL_retnet-generate-guarded   := charlm

SOURCES_retnet-generate-host  := $(addprefix $(GENERATE)/,main.c request.c generate_host.c) \
                                 $(NETWORK) retnet/retnet_host.c retnet/host_norm.c retnet/host_retention.c
FLAGS_retnet-generate-host    := -I$(BUILD) -O3
MODEL_retnet-generate-host    := charlm

DIGITS := $(addprefix examples/retnet-digits/,main.c digits.c list.c) $(NETWORK) retnet/retnet_pass.c $(DRIVER)

SOURCES_retnet-digits         := $(DIGITS) examples/retnet-digits/classify_list.c
MODEL_retnet-digits           := digits
SOURCES_retnet-digits-guarded := $(DIGITS) examples/retnet-digits/classify_guarded.c $(GUARD)
FLAGS_retnet-digits-guarded   := $(FLAGS_GUARD)
MODEL_retnet-digits-guarded   := digits

# The programs of fault campaigns (Documentation/Faults.md).
GUARDED         := $(addprefix examples/reta-guarded/,guarded.c block.c remark.c) $(DRIVER)
GUARDED_STYLE    = -DGUARD_STYLE=reta_$(1) -DGUARD_SUBMISSION=RETA_AS_$(2)

SOURCES_reta-guarded-poll  := $(GUARDED)
FLAGS_reta-guarded-poll    := $(call GUARDED_STYLE,poll,JOBS)
CONSOLE_reta-guarded-poll  := stdout
SOURCES_reta-guarded-irq   := $(GUARDED)
FLAGS_reta-guarded-irq     := $(call GUARDED_STYLE,irq,JOBS)
CONSOLE_reta-guarded-irq   := stdout
SOURCES_reta-guarded-queue := $(GUARDED)
FLAGS_reta-guarded-queue   := $(call GUARDED_STYLE,queue,JOBS)
CONSOLE_reta-guarded-queue := stdout
SOURCES_reta-guarded-list  := $(GUARDED)
FLAGS_reta-guarded-list    := $(call GUARDED_STYLE,irq,LIST)
CONSOLE_reta-guarded-list  := stdout
SOURCES_reta-naive         := $(addprefix examples/reta-guarded/,naive.c block.c) $(DRIVER)
CONSOLE_reta-naive         := stdout

# The weights come from the flash image build/charlm.flash (rules.mk).
PULP := drivers/pulp/driver.c

SOURCES_retnet-flash := $(JOBS_SOURCES:retnet/retnet_blob.S=) examples/retnet-flash/weights.c \
                        $(PULP) drivers/pulp/spi_flash.c
FLAGS_retnet-flash   := $(call JOBS_STYLE,irq) -DRETNET_BLOB_LOADED -Iexamples/retnet-flash
MODEL_retnet-flash   := charlm

# A program a peripheral (drivers/pulp).
PERIPHERALS := examples/peripherals

SOURCES_uart-loopback := $(PERIPHERALS)/uart_loopback.c $(PULP) drivers/pulp/uart.c
CONSOLE_uart-loopback := stdout
SOURCES_spi-flash     := $(PERIPHERALS)/spi_flash.c $(PULP) drivers/pulp/spi_flash.c
SOURCES_i2c-devices   := $(PERIPHERALS)/i2c_devices.c $(PULP) $(addprefix drivers/pulp/,i2c.c eeprom.c thermometer.c)
SOURCES_gpio-pins     := $(PERIPHERALS)/gpio_pins.c $(PULP) drivers/pulp/gpio.c
SOURCES_timers        := $(PERIPHERALS)/timers.c $(PULP)
SOURCES_pwm-wave      := $(PERIPHERALS)/pwm_wave.c $(PULP) drivers/pulp/gpio.c drivers/pulp/pwm.c
SOURCES_camera        := $(PERIPHERALS)/camera.c $(PULP) drivers/pulp/camera.c
SOURCES_i2s-echo      := $(PERIPHERALS)/i2s_echo.c $(PULP) drivers/pulp/i2s.c

# A mistake for each rule of the driver checker.
SOURCES_driver-bugs := $(wildcard tests/driver-bugs/*.c) $(DRIVER)
CONSOLE_driver-bugs := stdout

# Right ways that the shipped drivers do not go.
SOURCES_driver-styles := tests/driver-styles/styles.c tests/driver-bugs/jobs.c
FLAGS_driver-styles   := -Itests/driver-bugs
CONSOLE_driver-styles := stdout
