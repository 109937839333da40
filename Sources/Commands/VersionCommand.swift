internal import ArgumentParser
internal import CJPEGDecoder
internal import CPNG
internal import CSodium
internal import CWebP
internal import CZlib
internal import Compute
internal import Text
internal import Transport

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version",
    abstract: "Prints the versions of Atelier and its libraries, and the instruction set in use.",
    discussion: """
      Atelier uses the widest instruction set of the processor; \(InstructionSet.environmentVariable)=avx2 or portable \
      selects a narrower one. Models and predictions are bit-identical on all of them.

      Example:  ATELIER_ISA=avx2 atelier version
      """)

  func run() throws {
    var table = TextTable([.left, .left])
    table.add(["atelier", atelierVersion])
    let available = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
    table.add(["instruction set", "\(try InstructionSet.chosen().rawValue) (available: \(available))"])
    table.add(["cores", "\(availableCores())"])
    table.add(["zlib", String(cString: zlibVersion())])
    table.add(["libpng", String(cString: png_get_libpng_ver(nil))])
    table.add(["libjpeg-turbo", String(cString: atelier_jpeg_version())])
    table.add(["libsodium", String(cString: sodium_version_string())])
    let webP = WebPGetDecoderVersion()
    table.add(["libwebp", "\(webP >> 16).\(webP >> 8 & 255).\(webP & 255)"])
    table.add(["libzmq", ZeroMQLibrary.version.description])
    try StandardOutput.write(table.text)
  }
}
