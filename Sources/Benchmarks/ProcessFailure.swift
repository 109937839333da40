internal import Foundation

/// The failure of a process that was measured. The process has reported its error itself.
package struct ProcessFailure: Error {
  /// The exit status; nil if a signal ended the process, or if it ended too early.
  package let status: Int32?

  /// - Parameter process: a process that has ended
  /// - Throws: ``ProcessFailure`` if it did not succeed
  static func check(_ process: Process) throws(ProcessFailure) {
    guard process.terminationReason == .exit else { throw ProcessFailure(status: nil) }
    guard process.terminationStatus == 0 else { throw ProcessFailure(status: process.terminationStatus) }
  }
}
