import Compute
import Files
import Foundation
import Models
import Testing

@Suite struct SafetensorsFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let tensors = [
    Tensor(name: "bytes", shape: [3], [UInt8(1), 2, 3]),
    Tensor(name: "weights", shape: [2, 2], [Float(0.5), -1, .pi, .leastNonzeroMagnitude]),
    Tensor(name: "sums", shape: [1], [Double.greatestFiniteMagnitude]),
    Tensor(name: "none", shape: [0, 7], [Int64]()),
    Tensor(name: "a scalar", shape: [], [UInt16(9)]),
  ]

  @Test func roundTripsThroughFile() throws {
    let metadata = ["plain": "text", "odd \"key\"\\": "line\nbreak, \u{1}, ümlaut 🎨, /", "": ""]
    let file = SafetensorsFile(metadata: metadata, tensors: Self.tensors)
    try file.write(to: folder.file("a"))
    #expect(try SafetensorsFile(path: folder.file("a")) == file)
    #expect(folder.names == ["a"], "nothing else is left in the folder")
  }

  @Test func bytesAreCanonical() throws {
    let metadata = ["b": "2", "a": "1"]
    try SafetensorsFile(metadata: metadata, tensors: Array(Self.tensors[0...1])).write(to: folder.file("a"))
    try SafetensorsFile(metadata: metadata, tensors: Self.tensors[0...1].reversed()).write(to: folder.file("b"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a")))
    #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: folder.file("b"))))
    let header =
      #"{"__metadata__":{"a":"1","b":"2"},"weights":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
      + #""bytes":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(bytes.prefix(8) == Data([UInt8(padded.utf8.count)] + [UInt8](repeating: 0, count: 7)))
    #expect(String(decoding: bytes[8..<8 + padded.utf8.count], as: UTF8.self) == padded)
    #expect(bytes.suffix(19) == Data(Self.tensors[1].bytes + Self.tensors[0].bytes))
  }

  /// The fixture is made by Tests/Peers/fixtures/safetensors_file.py.
  @Test func readsFilesWrittenByPython() throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/python", withExtension: "safetensors"))
    let file = try SafetensorsFile(path: url.path)
    #expect(file.metadata == ["model": "tree", "note": "quoted \"text\", \\ a tab\t and ümlauts 🎨"])
    func elements<Element: TensorElement>(_ name: String, _ type: Element.Type) -> [Element]? {
      file.tensors.first { $0.name == name && $0.shape == [2, 3] }?.elements(as: type)
    }
    #expect(elements("float32", Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("float64", Double.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("uint8", UInt8.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("uint16", UInt16.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("int32", Int32.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("uint32", UInt32.self) == [0, 1, 2, 3, 4, 5])
    #expect(elements("int64", Int64.self) == [0, 1, 2, 3, 4, 5])
    #expect(file.tensors.first { $0.name == "scalar" }?.elements(as: Float.self) == [2.5])
    #expect(file.tensors.first { $0.name == "empty" }?.shape == [0, 4])
  }

  // MARK: Writing

  @Test func replacesOldFileAtomically() throws {
    let path = folder.file("a")
    try SafetensorsFile(metadata: [:], tensors: Self.tensors).write(to: path)
    try SafetensorsFile(metadata: ["new": "yes"], tensors: []).write(to: path)
    #expect(try SafetensorsFile(path: path) == SafetensorsFile(metadata: ["new": "yes"], tensors: []))
  }

  @Test func reportsFullDevice() {
    #expect(throws: FileError.notWritten(path: "/dev/full", reason: "No space left on device")) {
      try SafetensorsFile(metadata: [:], tensors: Self.tensors).write(to: "/dev/full")
    }
  }
}
