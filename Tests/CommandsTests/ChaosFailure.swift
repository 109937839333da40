import Foundation

/// What happens to the processes of a job.
enum ChaosFailure: String, CaseIterable, Sendable {
  case workerKilled, workerSuspended, workerTerminated, workerJoined
  case coordinatorKilled, coordinatorSuspended, coordinatorStopped
}

/// A process of the system, by its number.
struct SystemProcess {
  let number: pid_t

  /// As in proc(5): `R`, `S`, `T` (suspended), `Z` (has ended)…; nil if there is no such process.
  var state: Character? {
    guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else { return nil }
    // The program's name may hold anything, and ends with the last parenthesis.
    return text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
  }

  var isAlive: Bool { state.map { !"ZXx".contains($0) } ?? false }

  /// Sends a signal, and waits until it shows: in the state of a process that is suspended, else in its end.
  /// - Returns: false if the process had ended before, so that nothing has happened to it.
  func receive(_ signal: Int32) -> Bool {
    guard isAlive, kill(number, signal) == 0 else { return false }
    while signal == SIGSTOP ? state != "T" : signal != SIGCONT && isAlive {
      guard isAlive else { return false }
      usleep(1_000)
    }
    return true
  }
}
