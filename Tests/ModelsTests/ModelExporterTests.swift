import Compute
import Datasets
import Foundation
import Models
import Testing

/// A format of the tests: the names of the tensors. Models with several tensors have no representation.
private struct ToyExporter: ModelExporter {
  let name = "toy"
  let summary = "the name of a tensor."
  let ending = "toy"

  func pieces(of model: SavedModel) throws(ModelError) -> [[UInt8]] {
    guard model.tensors.count == 1 else { throw .notExportable("a toy holds one tensor") }
    return [Array("TOY ".utf8), Array(model.tensors[0].name.utf8)]
  }
}

@Suite struct ModelExporterTests {
  private let saved = SavedModel(
    ConstantClassifier(imageShape: ImageShape(height: 3, width: 5, channels: 3), shares: [0.25, 0.75]),
    classNames: ["T-shirt/top", "Ankle \"boot\""], dataName: "two things", dataDigest: "abc", testAccuracy: 0.5)

  private func bytes(_ exporter: some ModelExporter, _ model: SavedModel) throws -> [UInt8] {
    try exporter.pieces(of: model).flatMap { $0 }
  }

  @Test func namesAndEndingsAreUnique() {
    #expect(ModelExporters.all.map(\.name) == ["safetensors", "npz"])
    #expect(Set(ModelExporters.all.map(\.ending)).count == ModelExporters.all.count)
  }

  @Test func listOfExportersGivesHelpAndErrors() throws {
    let exporters = ModelExporters.all + [ToyExporter()]
    #expect(exporters.help.hasSuffix(" toy: the name of a tensor."))
    #expect(try exporters.named("toy").ending == "toy")
    #expect(throws: ModelError.badSettings("format must be safetensors, npz or toy, not \"tory\"")) {
      try exporters.named("tory")
    }
    #expect(try bytes(ToyExporter(), saved) == Array("TOY shares".utf8))
  }

  @Test func exportedSafetensorsFileEqualsSavedFile() throws {
    let exported = try bytes(try ModelExporters.all.named("safetensors"), saved)
    #expect(exported == saved.file.bytes)
  }

  @Test func archiveContainsTensorsAndMetadata() throws {
    let members = try ZipReader.members(of: try bytes(try ModelExporters.all.named("npz"), saved))
    #expect(members.map(\.name) == ["shares.npy", "metadata.json"])
    let array = try #require(members.first).content
    #expect(array.count == 128 + 8)
    #expect(Array(array.suffix(8)) == saved.tensors[0].bytes)
    let metadata = try JSONDecoder().decode([String: String].self, from: Data(members[1].content))
    #expect(metadata == saved.file.metadata)
  }

  /// The texts are those of NumPy's `numpy.lib.format.write_array_header_1_0`.
  @Test(arguments: [
    ([], Tensor.ElementType.float32, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"),
    ([0], .uint8, "{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }"),
    ([3], .uint16, "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }"),
    ([2, 3], .int32, "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }"),
    ([2, 1, 3], .uint32, "{'descr': '<u4', 'fortran_order': False, 'shape': (2, 1, 3), }"),
    ([1, 1], .int64, "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }"),
    ([2], .float64, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"),
  ])
  func headerOfArrayEqualsThatOfNumPy(shape: [Int], type: Tensor.ElementType, text: String) throws {
    let bytes = [UInt8](repeating: 7, count: shape.reduce(type.byteCount, *))
    let header = NumPyExporter.header(of: Tensor(name: "a", shape: shape, elementType: type, bytes: bytes))
    #expect(header.count % 64 == 0 && header.count - (10 + text.utf8.count + 1) < 64)
    #expect(Array(header.prefix(8)) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    #expect(Int(header[8]) + Int(header[9]) << 8 == header.count - 10)
    let padded = String(decoding: header.dropFirst(10), as: UTF8.self)
    #expect(padded == text + String(repeating: " ", count: header.count - 11 - text.utf8.count) + "\n")
  }

  @Test func tooManyArraysAreRefused() throws {
    var archive = ZipWriter()
    for number in 0..<65535 { try archive.add("\(number)", []) }
    #expect(throws: ModelError.self) { try archive.add("one more", []) }
    #expect(try ZipReader.members(of: archive.pieces.flatMap { $0 }).count == 65535)
  }
}

/// A minimal reader of stored members, which starts at the end of an archive, as programs do.
private enum ZipReader {
  struct Failure: Error { let reason: String }

  static func members(of archive: [UInt8]) throws -> [(name: String, content: [UInt8])] {
    func number(_ place: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(archive[place + $1]) << (8 * $1) }
    }
    let end = archive.count - 22
    guard number(end, 4) == 0x0605_4B50, number(end + 8, 2) == number(end + 10, 2) else {
      throw Failure(reason: "no end of the directory")
    }
    var entry = number(end + 16, 4)
    guard entry + number(end + 12, 4) == end else { throw Failure(reason: "size of the directory") }
    return try (0..<number(end + 10, 2)).map { _ in
      let (size, nameLength, header) = (number(entry + 24, 4), number(entry + 28, 2), number(entry + 42, 4))
      guard number(entry, 4) == 0x0201_4B50, number(header, 4) == 0x0403_4B50,
        archive[entry + 6..<entry + 32] == archive[header + 4..<header + 30], number(entry + 20, 4) == size
      else { throw Failure(reason: "entry \(entry) and header \(header) differ") }
      let name = archive[header + 30..<header + 30 + nameLength]
      guard name == archive[entry + 46..<entry + 46 + nameLength] else { throw Failure(reason: "names differ") }
      let start = header + 30 + nameLength
      let content = Array(archive[start..<start + size])
      guard number(entry + 16, 4) == checksum(content) else { throw Failure(reason: "checksum") }
      entry += 46 + nameLength
      return (String(decoding: name, as: UTF8.self), content)
    }
  }

  /// CRC-32 bit by bit, with the reflected polynomial.
  private static func checksum(_ bytes: [UInt8]) -> Int {
    var sum: UInt32 = .max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return Int(~sum)
  }
}
