// Rules about who may touch which memory when: core, accelerator and uDMA have only the order that registers and events give.

enum RaceRules {
  static let hostRead = Rule(
    "race-host-read", .races, .error, "The core reads an output of a job in flight",
    meaning:
      "From TRIGGER until the program has observed the job's completion (STATUS, RUNNING_JOB, FINISHED, JOBS, a successful ACQUIRE, event 140 or 141) the output belongs to the job. In a list, outputs of descriptors that a read PROGRESS covers are free.",
    hardware: "The core reads old data, new data, or a mixture, depending on cycles.",
    remedy: "Wait for the job (reta_wait), then read. A delay is no wait.",
    example: """
      reta_submit(&reta, &desc, &job);
      first = y[0];                               /* before reta_wait */
      """)

  static let hostWrite = Rule(
    "race-host-write", .races, .error, "The core writes an operand of a job in flight",
    meaning: "A store goes to an input or output tensor of a job that is committed and not observed to have finished.",
    hardware: "The job computes with old data, new data, or a mixture; outputs may be overwritten.",
    remedy: "Fill another buffer meanwhile, or wait for the job first.",
    example: """
      reta_submit(&reta, &desc, &job);
      x[0] = 1;                                   /* the job may not have read it yet */
      """)

  static let listWrite = Rule(
    "race-list-write", .races, .error, "The core changes a command list in flight",
    meaning:
      "A store goes to a descriptor that the running list has reached or will reach. Break words of CTRL may be written, and after a read of PROGRESS the descriptors that it covers (in a list with loops: any).",
    hardware: "The sequencer fetches each descriptor when it comes to it: old, new, or half of each.",
    remedy: "Build the whole list before TRIGGER; change it when the job has finished, or suspended.",
    example: """
      reta_list_submit(&reta, list, &job);
      list[1].word[RETA_WORD_X] = next;           /* may be fetched in this cycle */
      """)

  static let jobs = Rule(
    "race-jobs", .races, .error, "A later job overwrites an output that the program still reads",
    meaning:
      "The program reads the output of a finished job while another job that writes the same bytes is committed already. Jobs that overwrite each other's outputs in the queue are in order and fine as long as nobody looks.",
    hardware: "The core reads the first result, the second one, or a mixture, depending on cycles.",
    remedy: "Read the first result before the second job is committed, or give the jobs two buffers in turn.",
    example: """
      reta_submit(&reta, &into_y, &first);
      reta_submit(&reta, &into_y, &second);
      reta_wait(&reta, first);
      use(y[0]);                                  /* the second job writes y already */
      """)

  static let udmaReta = Rule(
    "race-udma-reta", .races, .error, "A uDMA transfer and a job use the same memory at the same time",
    meaning:
      "A transfer writes a tensor of a job in flight, or reads an output of it; or a job is committed while such a transfer runs or its end was not observed.",
    hardware: "Both masters have ports of their own: their order is a matter of cycles.",
    remedy:
      "Wait for the transfer's event (or for EN in its CFG to fall) before TRIGGER, and for the job before the transfer.",
    example: """
      udma_receive(x, sizeof x);
      reta_submit(&reta, &desc_reading_x, &job);  /* without udma_wait */
      """)

  static let hostUDMA = Rule(
    "race-host-udma", .races, .error, "The core touches the buffer of a running uDMA transfer",
    meaning:
      "A store to the buffer of a running transfer, or a load from the buffer of a running receive transfer. Loads are free once the program has read a register of the uDMA since the start: it may know how far the transfer is.",
    hardware: "The uDMA reads and writes L2 as the peripheral goes: the core sees, or sends, a mixture.",
    remedy: "Wait for the channel's event, or until EN in CFG and SIZE read 0.",
    example: """
      uart_send(text, n);
      text[0] = '!';                              /* still being sent */
      """)

  static let delay = Rule(
    "race-delay", .races, .note, "The core uses a uDMA buffer without having looked whether the transfer is over",
    meaning:
      "The transfer had finished when the core touched its buffer, but neither an event of the uDMA nor a read of one of its registers had told the program: it waited by counting, or not at all. A note, because this run was lucky.",
    hardware: "Nothing orders the two; another clock divider or a slower device and the core is too early.",
    remedy: "Wait for the channel's event, or until EN in CFG reads 0.",
    example: """
      udma_receive(buffer, 4);
      for (volatile int i = 0; i < 10000; i++) ;
      use(buffer[0]);
      """)

  static let stackBuffer = Rule(
    "race-stack-buffer", .races, .error, "A stack buffer is given back while a job or transfer still uses it",
    meaning: "The stack pointer rises above a buffer of a job in flight or of a running transfer.",
    hardware: "The next calls put their variables there: the uDMA or the accelerator reads or overwrites them.",
    remedy: "Wait in the function that owns the buffer, or make the buffer static.",
    example: """
      void send(void) { char text[32]; fill(text); uart_start(text, 32); }   /* returns at once */
      """)

  static let all = [hostRead, hostWrite, listWrite, jobs, udmaReta, hostUDMA, delay, stackBuffer]
}
