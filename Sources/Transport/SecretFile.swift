internal import Files
internal import Foundation

/// A file with one line of secret text: a join token or a job secret.
package enum SecretFile {
  /// Reads the text of a file that only its owner can read.
  ///
  /// The mode of a file in `$CREDENTIALS_DIRECTORY` is not checked: systemd lets only the service's user enter that
  /// folder, and admits the user to the files by an access control list, which looks like a permission of the group.
  /// - Throws: ``TransportError`` if the file does not exist, can be read by others, or is too long.
  package static func read(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TransportError) -> String {
    // O_NONBLOCK: opening a pipe without a writer would block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw TransportError("cannot read \(path): \(systemErrorText())")
    }
    defer { close(descriptor) }
    let isCredential = environment["CREDENTIALS_DIRECTORY"].map { !$0.isEmpty && path.hasPrefix($0 + "/") } ?? false
    guard isCredential || status.st_mode & 0o077 == 0 else {
      throw TransportError(
        "\(path) can be read by others: run `chmod 600 \(path)`, and create a new secret if anyone did")
    }
    return try read(descriptor, name: path)
  }

  /// Reads the first line of an open file, such as standard input. What follows the line is not read.
  /// - Throws: ``TransportError`` if it cannot be read or the line is too long.
  package static func read(_ descriptor: Int32, name: String) throws(TransportError) -> String {
    var line: [UInt8] = []
    while line.count <= JoinToken.mostCharacters {
      let next: [UInt8]
      do throws(SystemError) {
        next = try [UInt8](atMost: 1) { buffer throws(SystemError) in try FileTransfer.read(buffer, from: descriptor) }
      } catch { throw TransportError("cannot read \(name): \(error)") }
      guard let byte = next.first, byte != UInt8(ascii: "\n") else { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    throw .badToken("\(name) is too long to be a join token or a job secret")
  }
}
