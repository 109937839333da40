import Datasets
import Foundation

/// Passes bytes to each decoder.
func fuzzDecoders(_ bytes: UnsafeRawBufferPointer) {
  for decoder in ImageDecoders.all where decoder.recognizes(Array(bytes)) {
    _ = try? [decoder].decode(Array(bytes), path: "fuzz")
  }
}

/// Passes bytes to each reader: as one file, and as a folder of the files that the reader expects.
func fuzzReaders(_ bytes: UnsafeRawBufferPointer) {
  let path = "/dev/shm/atelier-fuzz-set-\(getpid())"
  for reader in DatasetReaders.all {
    for files in [[""], reader.files.map(example)] {
      for (name, content) in zip(files, parts(bytes, count: files.count)) { write(content, "\(path)\(name)") }
      _ = try? Dataset.load(directory: path, readers: [reader])
      try? FileManager.default.removeItem(atPath: path)
    }
  }
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
