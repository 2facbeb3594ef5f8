// Rules about the way from an event to a handler (pulpissimo.md sections 2.4, 3 and 4).

enum EventRules {
  static let neverUnmasked = Rule(
    "event-never-unmasked", .events, .error, "The program sleeps for an event that is masked",
    meaning:
      "The core went to sleep with a job under way and never looked at the job afterwards, while EVT_MASK or FC_MASK4 (bits 12 and 13, events 140 and 141) kept its events from the core.",
    hardware: "The event is counted and thrown away: 1 in FC_MASK blocks. The core does not wake for it.",
    remedy:
      "Clear the event's bit in FC_MASK4, enable line 26 in the interrupt controller (MASK_SET) and in mie, and leave EVT_MASK open.",
    example: """
      itc_unmask(1u << 26);                       /* but FC_MASK4 still blocks event 140 */
      __asm__ volatile("wfi");
      """)

  static let noHandler = Rule(
    "irq-no-handler", .events, .error, "An interrupt is taken for which no handler is installed",
    meaning:
      "The vector leads to no code, to a jump to itself, or to a function that is known as a default handler (unexpected, default_handler, Default_Handler, __no_irq_handler and the like).",
    hardware: "The core executes whatever the vector table holds; from reset mtvec is 0, where nothing can be fetched.",
    remedy: "Install the handler before the line is enabled in the interrupt controller and in mie.",
    example: """
      irq_enable_line(IRQ_TIMER_LO);              /* irq_set_handler is missing */
      """)

  static let storm = Rule(
    "irq-storm", .events, .error, "One interrupt comes again and again and the program does not get on",
    meaning: "A line was taken 256 times in a row with at most four instructions of the program between two handlers.",
    hardware: "The core clears the pending bit when it takes the line; a source that stays high sets it again at once.",
    remedy: "Remove the cause in the handler (clear the level at its source), or disable the line.",
    example: """
      void handler(void) { itc_raise(1u << 3); }  /* raises itself again */
      """)

  static let overflow = Rule(
    "event-overflow", .events, .error, "An event is lost because nobody takes events from the FIFO",
    meaning:
      "An event that is open towards the core fired while three of its kind were waiting already. The accelerator's events are not judged while line 26 is open and the program also reads STATUS, RUNNING_JOB or FINISHED: one event may stand for several jobs.",
    hardware: "The event is lost, ERRn of the event generator records it, line 29 pulses.",
    remedy:
      "Pop the FIFO for every event: take interrupt 26, or write INT_CLR bit 26 and then read FIFO. Mask events that nobody wants.",
    example: """
      for (int i = 0; i < 12; i++) soc_event_fire(0);   /* line 26 is closed: 4 + 3 fit */
      """)

  static let all = [neverUnmasked, noHandler, storm, overflow]
}
