import Compute
import Files
import Foundation
import Models
import Testing

/// Damaged and malicious files.
@Suite struct SafetensorsDamageTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Returns the reason why a file of these bytes is rejected; nil if it is read.
  private func failure(_ bytes: [UInt8]) throws -> String? {
    let path = try folder.write(bytes, to: "damaged")
    do {
      _ = try SafetensorsFile(path: path)
      return nil
    } catch {
      guard case .damaged(path, let reason) = error else { return "unexpected: \(error)" }
      return reason
    }
  }

  private func file(header: String, data: Int) -> [UInt8] {
    let text = Array(header.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return length + text + [UInt8](repeating: 1, count: data)
  }

  private static let tensor = #""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#

  @Test(arguments: [
    ("", 0, "expected '{' at byte 8"),
    ("{", 0, "expected '\"'"),
    ("[]", 0, "expected '{'"),
    ("{}x", 0, "expected the end"),
    ("{}", 2, "describes 0 bytes of data, but there are 2"),
    ("{\(tensor)}", 1, "describes 2 bytes of data, but there are 1"),
    ("{\(tensor)}", 3, "describes 2 bytes of data, but there are 3"),
    ("{\(tensor),}", 2, "expected '\"'"),
    ("{\(tensor),\(tensor)}", 2, "the tensor \"a\" only once"),
    (#"{\#(tensor),"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}"#, 2, "the tensor \"a\" only once"),
    (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "__metadata__ only once"),
    (#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, "the metadata entry \"k\" only once"),
    (#"{"__metadata__":{"k":1}}"#, 0, "expected '\"'"),
    (#"{"__metadata__":{"k":{"nested":"1"}}}"#, 0, "expected '\"'"),
    (#"{"a":{"dtype":"U8","shape":[2]}}"#, 2, "dtype, shape and data_offsets [begin, end] of the tensor"),
    (#"{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 2, "each once, not \"dtype\""),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1}}"#, 2, "each once, not \"x\""),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}}"#, 2, "[begin, end] of the tensor"),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1,2]}}"#, 2, "at most 2 numbers"),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}"#, 2, "[begin, end] of the tensor"),
    (#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, 2, "of type \"F16\"; models use F32"),
    (#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}}"#, 2, "takes 3 bytes, but the header gives it 2"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,2]}}"#, 2, "takes 8 bytes, but the header gives it 2"),
    (#"{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}"#, 2, "expected an integer"),
    (#"{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}"#, 2, "expected ']'"),
    (#"{"a":{"dtype":"U8","shape":[02],"data_offsets":[0,2]}}"#, 2, "expected an integer"),
    (#"{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,2]}}"#, 2, "a number below 2^63"),
    (#"{"a":{"dtype":"F64","shape":[4611686018427387904,0],"data_offsets":[0,0]}}"#, 0, "impossibly large"),
    (#"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, "impossibly large"),
    (
      #"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,2]}}"#, 2, "at most 16 numbers"
    ),
    (#"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 2, "there are 2"),
    (#"{\#(tensor),"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3, "begins at byte 1 of the data"),
    (#"{\#(tensor),"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#, 5, "begins at byte 3 of the data"),
    (#"{\#(tensor),"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 2, "begins at byte 0 of the data"),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3, "begins at byte 1 of the data"),
    (#"{"a\x":{}}"#, 0, "an escaped character"),
    (#"{"\ud83c":{}}"#, 0, "a pair of surrogates"),
    (#"{"\udfa8\ud83c":{}}"#, 0, "a pair of surrogates"),
    (#"{"\u00g0":{}}"#, 0, "four hexadecimal digits"),
    ("{\"a\u{1}\":{}}", 0, "text without control characters"),
    ("{\"a", 0, "the end of a text"),
  ])
  func reportsReasonForInvalidHeader(header: String, data: Int, reason: String) throws {
    let found = try #require(try failure(file(header: header, data: data)), "the file was accepted")
    #expect(found.contains(reason))
  }

  @Test func rejectsTextThatIsNotUTF8() throws {
    var bytes = file(header: "{\"__metadata__\":{\"k\":\"??\"}}", data: 0)
    bytes[bytes.firstIndex(of: UInt8(ascii: "?"))!] = 0xC3
    #expect(try failure(bytes)?.contains("text in UTF-8") == true)
  }

  @Test(arguments: 0..<8) func rejectsFileWithoutHeaderLength(byteCount: Int) throws {
    let found = try #require(try failure([UInt8](repeating: 0, count: byteCount)))
    #expect(found.contains("it has \(byteCount) bytes"))
  }

  @Test(arguments: [UInt64(17), 100_000_000, 100_000_001, 1 << 62, 1 << 63, .max])
  func checksHeaderLengthBeforeAllocation(length: UInt64) throws {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + [UInt8](repeating: 32, count: 16)
    #expect(try failure(bytes)?.contains("its header would have \(length) bytes") == true)
  }

  @Test func rejectsTooManyTensors() throws {
    let entries = (0...SafetensorsHeader.maximumEntries).map {
      "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
    }
    #expect(try failure(file(header: "{\(entries.joined(separator: ","))}", data: 0))?.contains("at most") == true)
    #expect(try failure(file(header: "{\(entries.dropLast().joined(separator: ","))}", data: 0)) == nil)
  }

  @Test(arguments: ["/nowhere/model.safetensors", "/dev/zero", "/"])
  func errorNamesUnreadableFile(path: String) {
    do {
      _ = try SafetensorsFile(path: path)
      Issue.record("\(path) was read")
    } catch {
      guard case .unreadable(path, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  /// Each of three thousand damaged copies is rejected, or read with tensors that equal the last bytes of the file.
  @Test func mutatedFilesNeverCrash() throws {
    let path = folder.file("original")
    let metadata = ["model": "tree", "class.0": "Ünder"]
    try SafetensorsFile(metadata: metadata, tensors: SafetensorsFileTests.tensors).write(to: path)
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var read = 0
    for seed in 0..<3000 {
      let mutated = mutate(original, seed: UInt64(seed))
      guard try failure(mutated) == nil else { continue }
      read += 1
      let data = try SafetensorsFile(path: folder.file("damaged")).tensors.filter { $0.elementCount > 0 }
      let length = data.reduce(0) { $0 + $1.bytes.count }
      #expect(data.allSatisfy { mutated.suffix(length).contains($0.bytes) }, "seed \(seed)")
    }
    #expect(read > 30 && read < 2000, "some mutations pass the checks and most are detected: \(read) were read")
  }
}

/// Returns a copy with one to four changes that a seed determines: flipped bits, bytes with a meaning in the format,
/// cuts, and repetitions.
func mutate(_ bytes: [UInt8], seed: UInt64) -> [UInt8] {
  var bytes = bytes
  var random = RandomSequence(seed: seed, .test)
  for _ in 0...random.next(below: 4) where !bytes.isEmpty {
    let place = Int(random.next(below: UInt32(bytes.count)))
    let length = min(Int(random.next(below: 16)) + 1, bytes.count - place)
    switch random.next(below: 6) {
    case 0: bytes[place] ^= 1 << UInt8(random.next(below: 8))
    case 1: bytes[place] = Array("\"{}[],:0159\\ u".utf8)[Int(random.next(below: 14))]
    case 2: bytes[place] = [0, 1, 127, 128, 255][Int(random.next(below: 5))]
    case 3: bytes.removeSubrange(place..<place + length)
    case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    default: bytes.removeSubrange(place...)
    }
  }
  return bytes
}
