/// Decodes the gray and color images of Netpbm: PGM (P2, P5) and PPM (P3, P6), as text or as bytes, with comments.
/// Samples from 0 to another maximum than 255 are scaled to 255 and rounded to the nearest integer.
struct PNMDecoder: ImageDecoder {
  let name = "PGM/PPM"
  let endings = ["pgm", "ppm", "pnm"]

  func recognizes(_ file: [UInt8]) -> Bool {
    guard file.count >= 3, file[0] == UInt8(ascii: "P") else { return false }
    return "2356".utf8.contains(file[1]) && (Self.isSpace(file[2]) || file[2] == UInt8(ascii: "#"))
  }

  func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    var scanner = Scanner(file: file, path: path)
    return try scanner.header().shape.size
  }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    var scanner = Scanner(file: file, path: path)
    let (shape, maximum) = try scanner.header()
    try DatasetLimits.check(shape.size, path)
    let isText = file[1] <= UInt8(ascii: "3")
    let pixels = try isText ? scanner.text(shape, maximum) : scanner.bytes(shape, maximum)
    guard file[scanner.place...].allSatisfy(Self.isSpace) else {
      throw .damaged(path: path, reason: "has more bytes after the \(shape) samples; expected a file with one image")
    }
    return DecodedImage(RasterImage(shape: shape, pixels: pixels))
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte }

  /// Reads numbers, from the start of a file to its end.
  private struct Scanner {
    let file: [UInt8]
    let path: String
    /// The first byte that has not been read.
    var place = 0

    /// Reads the header, to the white space after the maximum.
    mutating func header() throws(DatasetError) -> (shape: ImageShape, maximum: Int) {
      place = 2
      let channels = [UInt8(ascii: "3"), UInt8(ascii: "6")].contains(file[1]) ? 3 : 1
      let width = try number("the width")
      let height = try number("the height")
      let maximum = try number("the maximum of the samples")
      guard 1...65535 ~= maximum else {
        throw .damaged(path: path, reason: "has \(maximum) as the maximum of its samples; expected 1 to 65535")
      }
      guard place < file.count, PNMDecoder.isSpace(file[place]) else { throw truncated("the samples") }
      place += 1
      return (ImageShape(height: height, width: width, channels: channels), maximum)
    }

    /// Reads samples as text. A sample and the space after it take two bytes at least.
    mutating func text(_ shape: ImageShape, _ maximum: Int) throws(DatasetError) -> [UInt8] {
      guard shape.count <= (file.count - place + 1) / 2 else { throw truncated("\(shape) samples") }
      var pixels = [UInt8](repeating: 0, count: shape.count)
      let what = "\(shape) samples"
      for index in pixels.indices { pixels[index] = try scaled(number(what), maximum) }
      return pixels
    }

    /// Reads samples of one byte, or of two if the maximum requires it, the most significant first.
    mutating func bytes(_ shape: ImageShape, _ maximum: Int) throws(DatasetError) -> [UInt8] {
      let width = maximum < 256 ? 1 : 2
      guard shape.count * width <= file.count - place else { throw truncated("\(shape) samples") }
      let samples = file[place..<place + shape.count * width]
      place = samples.endIndex
      if maximum == 255 { return Array(samples) }
      var pixels = [UInt8](repeating: 0, count: shape.count)
      for index in pixels.indices {
        let first = samples.startIndex + index * width
        let sample = width == 1 ? Int(samples[first]) : Int(samples[first]) << 8 | Int(samples[first + 1])
        pixels[index] = try scaled(sample, maximum)
      }
      return pixels
    }

    private func scaled(_ sample: Int, _ maximum: Int) throws(DatasetError) -> UInt8 {
      guard sample <= maximum else {
        throw .damaged(path: path, reason: "has the sample \(sample), but its maximum is \(maximum)")
      }
      return UInt8((2 * sample * 255 + maximum) / (2 * maximum))
    }

    /// Reads a decimal number after white space and comments.
    private mutating func number(_ what: String) throws(DatasetError) -> Int {
      var isComment = false
      while place < file.count, isComment || PNMDecoder.isSpace(file[place]) || file[place] == UInt8(ascii: "#") {
        isComment = file[place] != UInt8(ascii: "\n") && (isComment || file[place] == UInt8(ascii: "#"))
        place += 1
      }
      guard place < file.count else { throw truncated(what) }
      let start = place
      var number = 0
      while place < file.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(file[place]), place < start + 9 {
        number = number * 10 + Int(file[place] & 15)
        place += 1
      }
      let isEnded = place == file.count || PNMDecoder.isSpace(file[place]) || file[place] == UInt8(ascii: "#")
      guard place > start, isEnded else {
        throw .damaged(path: path, reason: "has no valid number for \(what)")
      }
      return number
    }

    private func truncated(_ what: String) -> DatasetError {
      .damaged(path: path, reason: "is a truncated PGM/PPM image: \(what) expected")
    }
  }
}
