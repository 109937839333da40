internal import Foundation

/// Standard input, output and error.
enum StandardDescriptors {
  /// Takes the place of those that are closed, so that no file that is opened later gets their number, and lines that are not for it. What
  /// is written to a closed one still fails.
  static func fillGaps() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one. Reading is wrong for output, and so is writing for input: both fail.
      _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
