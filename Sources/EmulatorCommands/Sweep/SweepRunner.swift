// The jobs of a sweep on all cores of this computer: a process each, so that none can disturb another.
//
// Results are appended to FILE.partial as they come; a sweep that was stopped goes on from there. When the last one has
// come, FILE is written in order of the jobs and the partial file goes.

import Foundation

/// Runs jobs in child processes.
struct SweepRunner {
  let experiment: Experiment
  let jobs: [SweepJob]
  let output: String
  let workers: Int
  let isQuiet: Bool

  private struct Child {
    let job: SweepJob
    let file: String
  }

  /// What came of it.
  struct Outcome {
    var done = 0
    /// Jobs whose firmware did not end itself with code 0.
    var failed = 0
    var interrupted = false
  }

  private var partial: String { output + ".partial" }

  func run() throws -> Outcome {
    var results = SweepLines()
    if access(partial, F_OK) == 0 { try results.read(partial, isPartial: true) }
    if access(output, F_OK) == 0 { try results.read(output) }
    let wanted = Set(jobs.map(\.id))
    var kept = SweepLines()
    for (id, line) in results.lines where wanted.contains(id) { try kept.add(id, line, output) }
    // What was cut off goes; what is not of this experiment stays in its own file.
    try HostFiles.write(Data(kept.text.utf8), to: partial)
    guard let stream = fopen(partial, "a") else { throw HostError.cannotCreate("\(partial): cannot be written") }
    defer { fclose(stream) }
    if !isQuiet, !kept.lines.isEmpty {
      Console.error("pulpemu: \(kept.lines.count) of \(jobs.count) jobs are done already")
    }

    var outcome = Outcome()
    var waiting = jobs.filter { kept.lines[$0.id] == nil }[...]
    var children: [pid_t: Child] = [:]
    var isStopping = false
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pulpemu-sweep-\(getpid())").path
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    progress(kept.lines.count, running: 0)
    while !waiting.isEmpty || !children.isEmpty {
      while children.count < workers, !Interrupts.isRaised, let job = waiting.popFirst() {
        let child = Child(job: job, file: folder + "/" + job.id)
        children[try start(child)] = child
      }
      guard !children.isEmpty else { break }
      var status: Int32 = 0
      let pid = waitpid(-1, &status, WNOHANG)
      if pid == 0 {
        // Ctrl-C reaches the children too; a signal that was sent to this process alone does not.
        if Interrupts.isRaised, !isStopping {
          isStopping = true
          for other in children.keys { kill(other, SIGTERM) }
        }
        usleep(2000)
        continue
      }
      guard pid > 0 else {
        guard errno == EINTR else { throw HostError(status: 70, description: "waiting for a job failed") }
        continue
      }
      guard let child = children.removeValue(forKey: pid) else { continue }
      let hasExited = status & 0x7F == 0
      let code = status >> 8 & 0xFF
      guard hasExited, code == 0 else {
        if Interrupts.isRaised || code == ExitStatus.interrupted
          || !hasExited && [SIGINT, SIGTERM].contains(status & 0x7F)
        {
          outcome.interrupted = true
          waiting = []
          continue
        }
        for other in children.keys { kill(other, SIGTERM) }
        while waitpid(-1, &status, 0) > 0 || errno == EINTR {}
        throw HostError(
          status: hasExited ? code : 70, description: "job \(child.job.id) failed; finished jobs are kept in \(partial)"
        )
      }
      let line = String(decoding: try HostFiles.read(child.file), as: UTF8.self).trimmingCharacters(in: .newlines)
      unlink(child.file)
      guard SweepLines.job(of: line) == child.job.id else {
        throw HostError(status: 70, description: "job \(child.job.id) gave no result")
      }
      try kept.add(child.job.id, line, partial)
      guard fputs(line + "\n", stream) >= 0, fflush(stream) == 0 else {
        throw HostError.cannotCreate("\(partial): cannot be written")
      }
      progress(kept.lines.count, running: children.count)
    }
    if Interrupts.isRaised { outcome.interrupted = true }
    outcome.done = kept.lines.count
    outcome.failed = kept.lines.values.count { !Self.endedWell($0) }
    if !isQuiet, Console.errorIsTerminal { Console.error("") }
    guard outcome.done == jobs.count else { return outcome }
    try HostFiles.write(Data(kept.text.utf8), to: output)
    unlink(partial)
    return outcome
  }

  private static func endedWell(_ line: String) -> Bool {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let exit = object?["exit"] as? [String: Any]
    return exit?["reason"] as? String == "exit" && exit?["code"] as? Int == 0
  }

  /// Starts the process of a job; its standard output is the child's file.
  private func start(_ child: Child) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, child.file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let arguments = ["pulpemu", "sweep", "--job", child.job.id, experiment.path]
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, "/proc/self/exe", &actions, nil, pointers, environ)
    guard result == 0 else {
      throw HostError(
        status: 71, description: "a job's process cannot be started: \(String(cString: strerror(result)))")
    }
    return pid
  }

  private func progress(_ done: Int, running: Int) {
    guard !isQuiet else { return }
    guard Console.errorIsTerminal else {
      if done == jobs.count { Console.error("pulpemu: \(done) of \(jobs.count) jobs done") }
      return
    }
    let width = 32
    let full = jobs.isEmpty ? width : width * done / jobs.count
    let bar = String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    Console.put(Data("\r\(bar) \(done) of \(jobs.count), \(running) running ".utf8), to: 2)
  }
}
