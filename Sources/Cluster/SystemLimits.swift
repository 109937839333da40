package import Compute

/// What sockets and processes take, beside the threads that compute. libzmq ends the process if it gets no thread or
/// descriptor, and Foundation waits forever for the thread that watches over processes: so it is tried before.
package enum SystemLimits {
  /// libzmq's two, the worker's two, that of access control, that of Foundation.
  private static let threads = 6
  /// Pipes of queues, libzmq's mailboxes and polls, and some files.
  private static let files = 32
  private static let filesOfEachWorker = 3

  /// Whether descriptors can be kept in reserve. Where there are few, data files are read with them, and
  /// ``check(localWorkers:)`` reports the limit.
  package static var hasDescriptorsToSpare: Bool { (try? OpenFileLimit.check(canOpen: 2 * files)) != nil }

  /// - Parameter localWorkers: processes that will be started
  /// - Throws: ``ResourceLimitError``
  package static func check(localWorkers: Int = 0) throws(ResourceLimitError) {
    try OpenFileLimit.check(canOpen: files + filesOfEachWorker * localWorkers)
    try SystemThread.check(canStart: threads)
  }
}
