internal import Foundation

/// The failure of a system call.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  package let code: Int32

  /// - Parameter code: a value of `errno`
  package init(_ code: Int32 = errno) { self.code = code }

  package var description: String { String(cString: strerror(code)) }
}

/// Returns the operating system's description of an error.
/// - Parameter code: a value of `errno`
package func systemErrorText(_ code: Int32 = errno) -> String { SystemError(code).description }
