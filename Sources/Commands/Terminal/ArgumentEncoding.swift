internal import ArgumentParser

/// Checks the encoding of the arguments. File names are bytes, and Swift strings are Unicode: an argument that is not
/// UTF-8 would be changed, and a file would be read or written under another name than the user's.
enum ArgumentEncoding {
  /// - Throws: `ValidationError` for the first argument that is not UTF-8
  static func check() throws(ValidationError) {
    for place in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = CommandLine.unsafeArgv[place] else { continue }
      if let reason = fault(of: Array(UnsafeBufferPointer(start: argument, count: length(argument))), place) {
        throw ValidationError(reason)
      }
    }
  }

  private static func length(_ text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while text[count] != 0 { count += 1 }
    return count
  }

  static func fault(of argument: [CChar], _ place: Int) -> String? {
    let bytes = argument.map { UInt8(bitPattern: $0) }
    guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
    let shown = bytes.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16, uppercase: true) }
    return "argument \(place), '\(shown.joined())', is not UTF-8 (possibly Latin-1); rename the file or folder"
  }
}
