import Datasets
import Foundation
import FuzzDriver

/// Selects the test before libFuzzer starts: `fuzz-datasets TEST [OPTIONS of libFuzzer]`, or lists the tests:
/// `fuzz-datasets --list`.
///
/// There is one test for each decoder of images, by its usual ending, and for each reader of data sets, by its name. No
/// input may crash them. (libFuzzer calls functions of these names.)
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  let words = arguments.pointee
  let name = count.pointee > 1 ? words[1].map { String(cString: $0) } : nil
  if name == "--list" {
    for test in tests { print(test.name) }
    exit(0)
  }
  guard let test = tests.first(where: { $0.name == name }) else {
    print("expected one of the tests \(tests.map(\.name).joined(separator: ", ")), or --list")
    exit(64)
  }
  chosen = test.run
  words[1] = words[0]
  (arguments.pointee, count.pointee) = (words + 1, count.pointee - 1)
  return 0
}

/// Passes bytes from libFuzzer to the chosen test.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  chosen(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}

/// Runs libFuzzer. (The package manager gives the main function of this executable the name below.)
@_cdecl("fuzz_datasets_main")
public func fuzzMain(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  runFuzzer(count, arguments, testOneInput)
}

private typealias Test = (name: String, run: (UnsafeRawBufferPointer) -> Void)

nonisolated(unsafe) private let tests: [Test] =
  ImageDecoders.all.map { decoder in (decoder.endings[0], { decode($0, decoder) }) }
  + DatasetReaders.all.map { reader in (reader.name.replacing(" ", with: "-").lowercased(), { read($0, reader) }) }

/// The chosen test; set before libFuzzer starts.
nonisolated(unsafe) private var chosen: (UnsafeRawBufferPointer) -> Void = { _ in }

private func decode(_ bytes: UnsafeRawBufferPointer, _ decoder: any ImageDecoder) {
  let file = Array(bytes)
  guard decoder.recognizes(file) else { return }
  _ = try? decoder.size(file, path: "fuzz")
  _ = try? [decoder].decode(file, path: "fuzz")
}

/// Passes bytes to a reader: as one file, and as a folder of the files that the reader expects.
private func read(_ bytes: UnsafeRawBufferPointer, _ reader: any DatasetReader) {
  let path = "/dev/shm/atelier-fuzz-set-\(getpid())"
  var options = DatasetOptions()
  (options.threads, options.skipsDamaged) = (1, bytes.count.isMultiple(of: 2))
  let file = path + (reader.files[0].firstIndex(of: ".").map { String(reader.files[0][$0...]) } ?? "")
  write(ArraySlice(bytes), file)
  _ = try? Dataset.load(directory: file, options: options, readers: [reader])
  unlink(file)
  for (name, content) in zip(reader.files.map(example), parts(bytes, count: reader.files.count)) {
    write(content, path + name)
  }
  _ = try? Dataset.load(directory: path, options: options, readers: [reader])
  try? FileManager.default.removeItem(atPath: path)
}

/// Returns a name that matches a pattern of file names.
private func example(of pattern: String) -> String {
  let ending = ImageDecoders.all.endings[0]
  return "/" + pattern.replacing("CLASS", with: "class").replacing(ImageDecoders.all.pattern, with: "image.\(ending)")
}

/// Splits the bytes into parts. Each part but the last one begins with its length, as a 16-bit number.
private func parts(_ bytes: UnsafeRawBufferPointer, count: Int) -> [ArraySlice<UInt8>] {
  var rest = ArraySlice(bytes)
  return (1...count).map { part in
    guard part < count, rest.count > 2 else {
      defer { rest = [] }
      return rest
    }
    let length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
    defer { rest = rest.dropFirst(length) }
    return rest.prefix(length)
  }
}

private func write(_ content: ArraySlice<UInt8>, _ path: String) {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
  try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  _ = FileManager.default.createFile(atPath: path, contents: Data(content))
}
