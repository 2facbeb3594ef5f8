// Rules about what memory holds and what it is for.

enum MemoryRules {
  static let uninitBranch = Rule(
    "uninit-branch", .memory, .error, "A branch depends on memory or a register that was never written",
    meaning:
      "Validity follows values bit by bit through loads, stores, moves and arithmetic; copies of uninitialised bytes are silent. Judged is the branch whose outcome depends on such bits. Branches inside the C library's string functions (str…, mem…) are not judged.",
    hardware: "SRAM and registers hold anything after power-up: the program behaves differently from board to board.",
    remedy: "Initialise the variable. Stack memory is uninitialised again when its function has returned.",
    example: """
      int flags[4]; flags[0] = 1;
      if (flags[2]) start();
      """)

  static let uninitAddress = Rule(
    "uninit-address", .memory, .error, "An address is computed from uninitialised bits",
    meaning: "The base of a load or store, or the target of an indirect jump, contains uninitialised bits.",
    hardware: "The access goes anywhere; the core has no bus errors.",
    remedy: "Initialise the pointer or index.",
    example: """
      unsigned index;
      table[index]++;
      """)

  static let uninitRegister = Rule(
    "uninit-register", .memory, .error, "Uninitialised bits are written to a peripheral register",
    meaning: "The data of a store to a peripheral contains bits that were never written.",
    hardware: "The register gets what the memory held after power-up.",
    remedy: "Initialise all of the value, padding of descriptors included: `struct reta_desc desc = {{0}};`.",
    example: """
      struct reta_desc desc; desc.word[0] = RETA_OP_MAP;
      write_job(&desc);                           /* words 1..15 are not set */
      """)

  static let uninitReta = Rule(
    "uninit-reta", .memory, .error, "The accelerator reads memory that was never written",
    meaning:
      "A descriptor of a list, or a byte of an input tensor that the operation uses, was written by nobody: not in the ELF file, not by the core, the uDMA or an earlier job.",
    hardware: "The result depends on what the SRAM held after power-up.",
    remedy: "Fill the whole tensor before TRIGGER, up to the last row; start states without LOAD, or clear them.",
    example: """
      __attribute__((section(".noinit"))) static int8_t x[64];
      run(.rows = 4, .x = {x, 16});               /* only x[0..47] was filled */
      """)

  static let uninitUDMA = Rule(
    "uninit-udma", .memory, .error, "The uDMA sends memory that was never written",
    meaning: "A transmit or command transfer is started over bytes that were never written.",
    hardware: "What the SRAM held after power-up leaves the chip.",
    remedy: "Fill the buffer, and let SIZE be the number of bytes filled.",
    example: """
      char text[32]; memcpy(text, "hi", 2);
      uart_send(text, sizeof text);               /* 30 bytes too many */
      """)

  static let boundsUDMA = Rule(
    "udma-object-bounds", .memory, .error, "A uDMA transfer reaches beyond the object it begins in",
    meaning:
      "The first byte of the buffer lies in a variable of the program (a sized symbol of the ELF file), the last one behind its end. Memory without symbols, such as a stack, is not judged.",
    hardware: "The uDMA knows no objects: it sends or overwrites what lies behind.",
    remedy: "SIZE counts bytes, whatever DATASIZE says: `sizeof buffer`.",
    example: """
      static char rx[16];
      udma_receive(rx, 24);                       /* 8 bytes too many */
      """)

  static let outsideUDMA = Rule(
    "udma-outside-l2", .memory, .error, "A uDMA transfer goes to addresses where no L2 is",
    meaning: "SADDR is no address of L2, or the buffer begins in L2 and ends behind it.",
    hardware:
      "The uDMA keeps 21 bits of the address and adds them to the base of L2: it reads or writes somewhere else, or nowhere.",
    remedy: "Give the uDMA buffers in L2: not registers, ROM, or a null pointer.",
    example: """
      udma_send((void *)0x1A100000, 16);          /* registers cannot be sent */
      """)

  static let stackOverflow = Rule(
    "stack-overflow", .memory, .error, "The stack grows into other data",
    meaning:
      "The stack pointer falls below the end of what the program has placed under its stack; a stack inside a variable (a task's) may not leave the variable.",
    hardware: "There is no guard: the stack overwrites variables and the other way round.",
    remedy: "Make the stack larger or the frames smaller; big buffers belong into static memory.",
    example: """
      void deep(int n) { char big[1024]; use(big); deep(n - 1); }
      """)

  static let stackSmashed = Rule(
    "stack-smashed", .memory, .error, "A return address on the stack was overwritten",
    meaning:
      "A function has saved ra on its stack and loads something else from there before it returns. Judged is the innermost call, so that stacks of tasks and longjmp are no matter.",
    hardware: "The function returns to whatever was written there, often into the middle of something.",
    remedy: "Look at the store that the finding names: an array on the stack is too short, or its index too large.",
    example: """
      void parse(const char *line) { char word[8]; strcpy(word, line); }
      """)

  static let writeCode = Rule(
    "write-code", .memory, .error, "A store hits instructions",
    meaning:
      "A store goes into an executable section of the program. In a program that contains FENCE.I it is judged when the run ends or the instruction is executed, and is fine if a FENCE.I came between.",
    hardware: "The memory is changed; the pipeline may have fetched the old instruction already.",
    remedy: "Look for a wild pointer or an array index. Self-modifying code needs FENCE.I.",
    example: """
      uint32_t *p = (uint32_t *)main; p[0] = 0;
      """)

  static let writeConstant = Rule(
    "write-constant", .memory, .error, "A store hits constants",
    meaning: "A store goes into a section of the ELF file that is neither writable nor code (.rodata).",
    hardware: "L2 has no write protection: the constant is changed for good.",
    remedy: "Do not cast `const` away.",
    example: """
      static const char name[] = "reta";
      *(char *)name = 'R';
      """)

  static let executeData = Rule(
    "execute-data", .memory, .error, "The core executes data",
    meaning:
      "The program counter lies in no executable section of the program, and no FENCE.I was executed that could have made code there (loaders, overlays). A call through a null pointer is one.",
    hardware: "The bytes are executed as instructions.",
    remedy: "Look for a wrong function pointer or a smashed return address.",
    example: """
      uint32_t code[] = {0x00008067};
      ((void (*)(void))code)();
      """)

  static let all = [
    uninitBranch, uninitAddress, uninitRegister, uninitReta, uninitUDMA, boundsUDMA, outsideUDMA, stackOverflow,
    stackSmashed, writeCode, writeConstant, executeData,
  ]
}
