package import Compute

/// The threads and descriptors that sockets and processes need, beside the computing threads. They are checked first,
/// because libzmq ends the process if it gets none, and Foundation waits forever for the thread that monitors
/// processes.
package enum SystemLimits {
  /// Two of libzmq, two of the worker, one of access control, one of Foundation.
  private static let threads = 6
  /// Pipes of queues, mailboxes and polling descriptors of libzmq, and some files.
  private static let files = 32
  private static let filesOfEachWorker = 3

  /// Whether descriptors can be held in reserve. If not, all are needed to read data files, and
  /// ``check(localWorkers:)`` reports the limit.
  package static var hasDescriptorsToSpare: Bool { (try? OpenFileLimit.check(canOpen: 2 * files)) != nil }

  /// Checks that enough threads and descriptors are available.
  /// - Parameter localWorkers: The number of processes that will be started.
  /// - Throws: ``ResourceLimitError``
  package static func check(localWorkers: Int = 0) throws(ResourceLimitError) {
    try OpenFileLimit.check(canOpen: files + filesOfEachWorker * localWorkers)
    try SystemThread.check(canStart: threads)
  }
}
