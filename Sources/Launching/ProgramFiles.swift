internal import CLinux
internal import Compute
internal import Files
internal import Foundation

/// The files that another host needs to run this program: the program and its shared libraries.
package struct ProgramFiles: Sendable {
  package struct File: Sendable, Equatable {
    /// The path in the folder of the program on the other host: `atelier` or `lib/NAME`.
    package let name: String
    package let path: String
    package let size: Int
    /// SHA-256 in hexadecimal.
    package let digest: String

    package init(name: String, path: String, size: Int, digest: String) {
      (self.name, self.path, self.size, self.digest) = (name, path, size, digest)
    }
  }

  /// The program, and the libraries outside the system's folders: those of a toolchain differ between its versions,
  /// even if their names are equal.
  package let required: [File]
  /// The paths of the system's libraries by name. They are copied only if the other host lacks them.
  package let systemLibraries: [String: String]
  /// The processor architecture as `uname -m` names it.
  let machine: String

  package init(required: [File], systemLibraries: [String: String], machine: String) {
    (self.required, self.systemLibraries, self.machine) = (required, systemLibraries, machine)
  }

  /// Reads the files of the running program.
  /// - Throws: ``LaunchError`` if one cannot be read
  package static func ofThisProgram() throws(LaunchError) -> ProgramFiles {
    var cache = DigestCache()
    var (required, system) = ([try file("atelier", at: "/proc/self/exe", &cache)], [String: String]())
    for path in loadedLibraries() {
      let name = String(path[path.index(after: path.lastIndex(of: "/")!)...])
      guard isPlain(name) else { continue }
      if systemFolders.contains(where: path.hasPrefix) {
        system[name] = path
      } else {
        required.append(try file("lib/\(name)", at: path, &cache))
      }
    }
    cache.save()
    var names = utsname()
    uname(&names)
    let machine = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ProgramFiles(required: required, systemLibraries: system, machine: machine)
  }

  /// The folder of the files on the other host: programs with different files have different folders.
  package var folderName: String {
    var digest = Digest()
    for file in required { digest.update("\(file.name) \(file.digest)\n") }
    return digest.finalize()
  }

  /// Returns the system's library of a name; nil if there is none.
  /// - Throws: ``LaunchError`` if it cannot be read
  func systemLibrary(named name: String) throws(LaunchError) -> File? {
    guard let path = systemLibraries[name] else { return nil }
    var cache = DigestCache()
    defer { cache.save() }
    return try Self.file("lib/\(name)", at: path, &cache)
  }

  private static let systemFolders = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"]

  /// Whether a name is one word in a shell and contains no folder.
  static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 200
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._+-".contains($0)) }
  }

  private static func loadedLibraries() -> [String] {
    var paths: [String] = []
    var next = atelier_loaded_objects()
    while let object = next {
      // The program and the kernel's own object have no path; the loader is that of the other host.
      let path = String(cString: object.pointee.l_name)
      if path.hasPrefix("/"), !path.contains("/ld-linux") { paths.append(path) }
      next = UnsafePointer(object.pointee.l_next)
    }
    return paths
  }

  private static func file(
    _ name: String, at path: String, _ cache: inout DigestCache
  ) throws(LaunchError) -> File {
    func failure(_ reason: String) -> LaunchError {
      LaunchError("cannot read \(path) to copy it to other hosts: \(reason)")
    }
    let descriptor = OpenFiles.open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw failure(systemErrorText()) }
    defer { close(descriptor) }
    if let known = cache.digest(of: status) {
      return File(name: name, path: path, size: Int(status.st_size), digest: known)
    }
    var digest = Digest()
    var size = 0
    while true {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try [UInt8](atMost: 1 << 20) { buffer throws(SystemError) in
          try FileTransfer.read(buffer, from: descriptor)
        }
      } catch { throw failure("\(error)") }
      if bytes.isEmpty { break }
      bytes.withUnsafeBytes { digest.update($0) }
      size += bytes.count
    }
    let text = digest.finalize()
    cache.add(text, of: status)
    return File(name: name, path: path, size: size, digest: text)
  }
}
