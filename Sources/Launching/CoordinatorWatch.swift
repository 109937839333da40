/// Decides when a worker of a launched job ends, apart from the coordinator's request. Times are in seconds.
package struct CoordinatorWatch {
  private let lossTime: Double
  private let graceTime: Double
  /// The time of the last connection; at first, that of the first call, because the coordinator has just been found.
  private var lastConnection: Double?
  private var signalTime: Double?
  /// Whether the coordinator was gone for the loss time.
  package private(set) var isLost = false

  package init(lossTime: Double, graceTime: Double) { (self.lossTime, self.graceTime) = (lossTime, graceTime) }

  /// A signal reaches all processes of a job at once. The coordinator still needs its workers then, to save the state
  /// of a training.
  package mutating func isEnd(isConnected: Bool, isSignaled: Bool, at now: Double) -> Bool {
    let last = isConnected ? now : lastConnection ?? now
    lastConnection = last
    if isSignaled {
      let first = signalTime ?? now
      signalTime = first
      return !isConnected || now - first >= graceTime
    }
    isLost = now - last >= lossTime
    return isLost
  }
}
