import Foundation

/// A failure (or another event) that `ChaosTests` injects into the processes of a job.
enum ChaosFailure: String, CaseIterable, Sendable {
  case workerKilled, workerSuspended, workerTerminated, workerJoined
  case coordinatorKilled, coordinatorSuspended, coordinatorStopped
}

/// A process, identified by its number.
struct SystemProcess {
  let number: pid_t

  /// The state as in proc(5): `R`, `S`, `T` (suspended), `Z` (zombie)…; nil if there is no such process.
  var state: Character? {
    guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else { return nil }
    // The name of the program may contain any character; it ends at the last parenthesis.
    return text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
  }

  var isAlive: Bool { state.map { !"ZXx".contains($0) } ?? false }

  /// Sends a signal and waits for its effect: the suspension after SIGSTOP, nothing after SIGCONT, else the end.
  /// - Returns: false if the process had already ended
  func receive(_ signal: Int32) -> Bool {
    guard isAlive, kill(number, signal) == 0 else { return false }
    while signal == SIGSTOP ? state != "T" : signal != SIGCONT && isAlive {
      guard isAlive else { return false }
      usleep(1_000)
    }
    return true
  }
}
