// Rules about waiting.

enum SleepRules {
  static let noWakeUp = Rule(
    "sleep-no-wakeup", .sleep, .error, "The core sleeps and nothing can wake it",
    meaning:
      "WFI, and no line that is enabled in the interrupt controller and in mie can be raised by anything that is running. If an event of the accelerator is masked, `event-never-unmasked` says so instead.",
    hardware: "The core sleeps for ever.",
    remedy: "Start what is waited for first; unmask event, line and mie; check the condition again right before WFI.",
    example: """
      itc_mask(~0u);
      __asm__ volatile("wfi");
      """)

  static let lostWakeUp = Rule(
    "sleep-lost-wakeup", .sleep, .error, "The event came between the check of the flag and WFI",
    meaning:
      "The program loaded a flag and branched on it, then an interrupt handler changed the flag, and the program went to sleep without looking again.",
    hardware: "The interrupt is over when WFI is reached: the core sleeps until another one comes.",
    remedy:
      "Check and sleep with mstatus.MIE = 0: WFI wakes for a pending line all the same, and the handler runs when interrupts are enabled again.",
    example: """
      while (!done)                               /* the handler may run here */
          __asm__ volatile("wfi");
      """)

  static let unsafeCheck = Rule(
    "sleep-unsafe-check", .sleep, .note, "A flag is checked with interrupts enabled before the core sleeps",
    meaning:
      "The program loaded a flag that an interrupt handler writes, branched on it, and reached WFI soon after, with mstatus.MIE = 1 all the time. In this run the interrupt came at another moment; where it comes in between, `sleep-lost-wakeup` is found instead. A note: code that an interrupt may leave for another task loses nothing.",
    hardware: "An interrupt between the check and WFI is over when WFI is reached: the core sleeps until the next one.",
    remedy:
      "Check and sleep with mstatus.MIE = 0: WFI wakes for a pending line all the same, and the handler runs when interrupts are enabled again.",
    example: """
      irq_enable();
      while (!done)
          __asm__ volatile("wfi");                /* done may be set right before */
      """)

  static let polling = Rule(
    "poll-could-sleep", .sleep, .note, "A loop polls a register although an event could wake the core",
    meaning:
      "The same load reads the same register of RETA, the uDMA or the interrupt controller again and again for at least 1000 cycles in all.",
    hardware: "The core burns energy, and its accesses may delay other masters.",
    remedy: "Unmask the event and wait with WFI (reta_irq instead of reta_poll).",
    example: """
      while (reta_get(RETA_STATUS_OFFSET) & 0xFFFF) ;
      """)

  static let all = [noWakeUp, lostWakeUp, unsafeCheck, polling]
}
