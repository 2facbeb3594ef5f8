// Rules about the accelerator's registers and descriptors (retention-accelerator.md sections 4 and 5).

enum RETARules {
  static let writeUnacquired = Rule(
    "reta-write-unacquired", .accelerator, .error, "A job register is written without an acquired context",
    meaning:
      "JOB0..15 are written while no ACQUIRE has returned a job id since the last TRIGGER. With both contexts committed it is `reta-busy-context-write` instead.",
    hardware:
      "The lock is not enforced: the word goes to the context being programmed, which another owner may be filling.",
    remedy: "Read ACQUIRE until it returns an id (0..255), and only then write the context.",
    example: """
      reta_put(RETA_JOB0_OFFSET, desc.word[0]);   /* no ACQUIRE before */
      """)

  static let triggerUnacquired = Rule(
    "reta-trigger-unacquired", .accelerator, .error, "TRIGGER is written without an acquired context",
    meaning:
      "A TRIGGER write commits a context that no ACQUIRE has taken. Writing 0 only to start committed contexts is fine.",
    hardware:
      "The context is committed as it is and its old words run as a job; no job id is consumed, so ids and RUNNING_JOB are out of step from then on.",
    remedy: "Read ACQUIRE first and commit only what it has given.",
    example: """
      reta_put(RETA_TRIGGER_OFFSET, 0);           /* commits whatever the context holds */
      """)

  static let triggerLost = Rule(
    "reta-trigger-lost", .accelerator, .error, "TRIGGER is written while both contexts are committed",
    meaning: "The write commits nothing, although the queue is started already (or the value is not 0).",
    hardware: "Nothing is committed: there is no job for this TRIGGER, and no event will come for it.",
    remedy:
      "Commit only after ACQUIRE has returned an id; -1 means that both contexts are taken: wait for a job to finish.",
    example: """
      (void)reta_get(RETA_ACQUIRE_OFFSET);        /* returned -1 */
      reta_put(RETA_TRIGGER_OFFSET, 0);
      """)

  static let neverCommitted = Rule(
    "reta-never-committed", .accelerator, .error, "An acquired context is never committed",
    meaning: "The run ends, and the context that an ACQUIRE took has neither been committed nor cleared.",
    hardware: "The lock stays held: every later ACQUIRE returns -2.",
    remedy: "Every path that has acquired a context must write TRIGGER, also those that handle errors, or SOFT_CLEAR.",
    example: """
      int id = (int)reta_get(RETA_ACQUIRE_OFFSET);
      if (!build(&desc)) return -1;               /* the lock is still held */
      """)

  static let neverStarted = Rule(
    "reta-never-started", .accelerator, .error, "A committed job is never started",
    meaning: "The run ends with contexts that were committed with a value other than 0, and no TRIGGER of 0 followed.",
    hardware: "The contexts wait in the queue; STATUS shows 0 for them, and no event comes.",
    remedy: "Commit the last job of a batch with TRIGGER = 0.",
    example: """
      reta_put(RETA_TRIGGER_OFFSET, 1);           /* queued only */
      """)

  static let busyContextWrite = Rule(
    "reta-busy-context-write", .accelerator, .error, "A job register is written while both contexts are committed",
    meaning: "There is no free context: the write goes to the oldest committed one.",
    hardware: "A job that has started keeps the words it took; one that only waits runs with the changed word.",
    remedy: "Wait until ACQUIRE returns an id.",
    example: """
      reta_put(RETA_TRIGGER_OFFSET, 0);           /* the second of two jobs */
      reta_put(RETA_JOB0_OFFSET + 24, next_x);    /* no context is free */
      """)

  static let baseWhileRunning = Rule(
    "reta-base-while-running", .accelerator, .error, "BASE or CNT is written while a job runs",
    meaning: "BASE1..7 and CNT0..3 belong to the running job.",
    hardware: "The write is ignored; the next job uses the old value.",
    remedy: "Wait until the accelerator is idle, or let the command list set its bases with CTRL.",
    example: """
      reta_put(RETA_TRIGGER_OFFSET, 0);
      reta_put(RETA_BASE1_OFFSET, next_token);    /* ignored */
      """)

  static let reservedBits = Rule(
    "reta-reserved-bits", .accelerator, .warning, "Reserved bits of a register are written as 1",
    meaning: "A write to a register of RETA with fields sets bits that belong to no field that can be written.",
    hardware: "The bits are ignored and read 0; a later version may give them a meaning.",
    remedy: "Write 0 to reserved bits; use the masks of the generated header.",
    example: """
      reta_put(RETA_EVT_MASK_OFFSET, 0xFFFFFFFF); /* three bits exist */
      """)

  static let narrowAccess = Rule(
    "reta-narrow-access", .accelerator, .error, "A register is accessed with less than an aligned word",
    meaning: "A byte, halfword or misaligned access to RETA's registers.",
    hardware:
      "The bridge has no byte strobes: a store writes all 32 bits with the rotated store data, a load reads the whole register with its side effects; a misaligned word is two accesses.",
    remedy: "Access registers as aligned 32-bit words through `volatile uint32_t *`.",
    example: """
      *(volatile uint8_t *)(RETA_BASE + RETA_EVT_MASK_OFFSET) = 1;
      """)

  static let noRegister = Rule(
    "reta-no-register", .accelerator, .warning, "A read-only register or a reserved offset is written",
    meaning: "The store has no effect at all: the register cannot be written, or there is none.",
    hardware: "The write is ignored.",
    remedy: "Take offsets from the generated header; see `pulpemu registers --block RETA` for what can be written.",
    example: """
      reta_put(RETA_STATUS_OFFSET, 0);            /* an error is cleared by ERR */
      """)

  static let errorUnread = Rule(
    "reta-error-unread", .accelerator, .error, "A job fails and nobody looks",
    meaning:
      "A job ended with an error, and the program clears it, goes on to commit a job, or ends without having read the code in STATUS or ERR.",
    hardware: "The failed job has written nothing of the failing descriptor, and the queue is halted.",
    remedy: "After each job check STATUS >> 24; on an error read ERR, ERR_PC and ERR_JOB.",
    example: """
      while (reta_get(RETA_STATUS_OFFSET) & 0xFFFF) ;  /* fine, but then: */
      use(output);                                /* without STATUS >> 24 */
      """)

  static let errorUncleared = Rule(
    "reta-error-uncleared", .accelerator, .error, "The queue stays halted behind an error",
    meaning: "The run ends with committed jobs that can never start, because the recorded error was not cleared.",
    hardware: "No job starts until ERR is written or SOFT_CLEAR.",
    remedy: "Write ERR to go on with the next job, or SOFT_CLEAR to drop the queue.",
    example: """
      submit(&bad); submit(&good);
      wait_for_event();                           /* good never runs */
      """)

  static let finishedSaturated = Rule(
    "reta-finished-saturated", .accelerator, .warning, "FINISHED is read too late and has lost jobs",
    meaning: "FINISHED reads 2, but more than two jobs have finished since it was read last.",
    hardware: "The count saturates at 2: jobs beyond are not counted.",
    remedy: "Read FINISHED after every event, or compare RUNNING_JOB with the id that ACQUIRE gave.",
    example: """
      run(&a); run(&b); run(&c);
      done += reta_get(RETA_FINISHED_OFFSET);     /* 2, not 3 */
      """)

  static let finishedMissed = Rule(
    "reta-finished-missed", .accelerator, .warning,
    "A job ends in the very cycle of a FINISHED access and is not counted",
    meaning:
      "FINISHED is accessed in the last cycle of a job. Other cycles are fine, so a program that polls FINISHED works until it meets that one.",
    hardware:
      "The access clears the count and wins: the job appears in no later read, and who waits for it waits for ever.",
    remedy: "Do not poll FINISHED: compare RUNNING_JOB with the id that ACQUIRE gave, or read STATUS.",
    example: """
      while (done < 2) done += reta_get(RETA_FINISHED_OFFSET);
      """)

  static let illegalDescriptor = Rule(
    "reta-illegal-descriptor", .accelerator, .note, "The hardware refuses a descriptor",
    meaning:
      "A job ended with an error code. A note, because the hardware reports it itself; whether the program takes notice is judged by `reta-error-unread` and `reta-error-uncleared`.",
    hardware: "Nothing of the descriptor is executed; ERR holds the code, line 1 pulses event 141, the queue halts.",
    remedy: "Read the code's meaning in `pulpemu registers --block RETA`, and build descriptors with reta_build.h.",
    example: """
      struct reta_desc desc = {{0}};              /* opcode 0 does not exist */
      reta_submit(&reta, &desc, &job);
      """)

  static let operandOverlap = Rule(
    "reta-operand-overlap", .accelerator, .error, "A descriptor's output overlaps one of its inputs",
    meaning:
      "Y shares bytes with an input. Allowed are only: Y the same tensor (pointer and stride) as Z, and as X in NORM and in MAP without IDX.",
    hardware: "The data written are unspecified; there is no error code.",
    remedy: "Give the output a buffer of its own.",
    example: """
      reta_build_linear(&(struct reta_linear){.x = {buffer, 16}, .y = {buffer, 16}, ...});
      """)

  static let objectBounds = Rule(
    "reta-object-bounds", .accelerator, .error, "A tensor or descriptor reaches beyond the object it begins in",
    meaning:
      "The first byte lies in a variable of the program (a sized symbol of the ELF file), the last one behind its end. Memory without symbols, such as a heap, is not judged.",
    hardware: "The accelerator knows no objects: it reads or overwrites what lies behind.",
    remedy: "Check rows, strides and row bytes against the buffer's size; `sizeof` belongs into the builder's call.",
    example: """
      static int8_t y[4 * 16];
      build(.rows = 5, .columns = 16, .y = {y, 16});   /* one row too many */
      """)

  static let privateBank = Rule(
    "reta-private-bank", .accelerator, .error, "A tensor or descriptor lies where the accelerator cannot reach",
    meaning:
      "A used pointer leads into a private bank (code, stack, ordinary data) or the core's data alias. Descriptors in lists are judged when the list is committed.",
    hardware: "The job ends with ERR_ADDR.",
    remedy:
      "Place tensors, tables and lists in interleaved L2 (section .l2_data or .l2_bss of the shipped linker script).",
    example: """
      int8_t y[64];                               /* on the stack, in private bank 1 */
      build(.y = {y, 16});
      """)

  static let all = [
    writeUnacquired, triggerUnacquired, triggerLost, neverCommitted, neverStarted, busyContextWrite, baseWhileRunning,
    reservedBits, narrowAccess, noRegister, errorUnread, errorUncleared, finishedSaturated, finishedMissed,
    illegalDescriptor,
    operandOverlap, objectBounds, privateBank,
  ]
}
