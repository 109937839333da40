internal import Foundation

/// The descriptors of standard input, output and error.
enum StandardDescriptors {
  /// Opens closed standard descriptors, so that no file opened later gets their numbers, and output meant for them.
  /// Writing to them still fails.
  static func fillGaps() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // `open` returns the lowest free descriptor, which is this one. In the wrong direction, every access fails.
      _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
