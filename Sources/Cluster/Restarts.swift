package import Coordination

/// How often a worker process is started again: one that dies again and again soon after its start has something that another start does not mend.
package struct Restarts {
  private var count = 0

  private static let most = 8
  /// Who has lived so long did not die of its start.
  private static let life: Milliseconds = 60_000

  package init() {}

  /// - Parameter life: how long the process had lived when it died
  package mutating func mayStartAgain(afterLiving life: Milliseconds) -> Bool {
    if life >= Self.life { count = 0 }
    count += 1
    return count <= Self.most
  }
}
