/// How a camera was held: the tag Orientation of EXIF (CIPA DC-008). 1 is upright; 2 mirrored; 3 and 4 upside down; 5
/// to 8 rotated by a quarter.
struct EXIFOrientation: Equatable {
  let value: Int

  /// - Parameter value: from 1 to 8
  init(_ value: Int) { self.value = value }

  /// Reads the orientation of a JPEG file from its first segment APP1 with EXIF data. Files without orientation, and
  /// those with invalid EXIF data, are upright.
  init(jpeg file: [UInt8]) {
    self.init(Self.segment(of: file).flatMap(Self.orientation) ?? 1)
  }

  /// Returns the EXIF data of a JPEG file, which is a TIFF file; nil if there is none.
  private static func segment(of file: [UInt8]) -> ArraySlice<UInt8>? {
    let signature = Array("Exif".utf8) + [0, 0]
    var place = 2
    while place + 4 <= file.count, file[place] == 0xff {
      let marker = file[place + 1]
      if marker == 0xff {  // padding
        place += 1
        continue
      }
      let length = Int(file[place + 2]) << 8 | Int(file[place + 3])
      // Segments without length, and the image itself, come after all metadata.
      guard !(0xd0...0xda).contains(marker), length >= 2, place + 2 + length <= file.count else { return nil }
      let content = file[place + 4..<place + 2 + length]
      if marker == 0xe1, content.starts(with: signature) { return content.dropFirst(signature.count) }
      place += 2 + length
    }
    return nil
  }

  /// Returns the orientation in the first directory of TIFF data; nil if it is missing or invalid.
  private static func orientation(_ tiff: ArraySlice<UInt8>) -> Int? {
    guard tiff.count >= 8 else { return nil }
    let bytes = Array(tiff)
    let isLittleEndian = bytes[0] == UInt8(ascii: "I")
    guard bytes[0] == bytes[1], isLittleEndian || bytes[0] == UInt8(ascii: "M") else { return nil }
    func number(_ place: Int, _ length: Int) -> Int? {
      guard place + length <= bytes.count else { return nil }
      let digits = bytes[place..<place + length]
      return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    for entry in 0..<count {
      // Tag, type, number of values, value. The type of an orientation is SHORT.
      let place = directory + 2 + 12 * entry
      guard let tag = number(place, 2) else { return nil }
      guard tag == 0x0112 else { continue }
      guard number(place + 2, 2) == 3, number(place + 4, 4) == 1, let value = number(place + 8, 2) else { return nil }
      return 1...8 ~= value ? value : nil
    }
    return nil
  }

  private var isTransposed: Bool { value >= 5 }

  /// Returns the upright size of an image that is stored in this orientation.
  func size(of size: ImageSize) -> ImageSize {
    isTransposed ? ImageSize(height: size.width, width: size.height) : size
  }

  /// Returns the upright image of one that is stored in this orientation.
  func upright(_ image: RasterImage) -> RasterImage {
    guard value != 1 else { return image }
    let (height, width, channels) = (image.shape.height, image.shape.width, image.shape.channels)
    let size = size(of: image.size)
    let shape = ImageShape(height: size.height, width: size.width, channels: channels)
    // Whether stored rows and columns are counted from the other end.
    let isFlipped = [3, 4, 6, 7].contains(value)
    let isMirrored = [2, 3, 7, 8].contains(value)
    let pixels = [UInt8](unsafeUninitializedCapacity: shape.count) { target, count in
      image.pixels.withUnsafeBufferPointer { source in
        for y in 0..<size.height {
          for x in 0..<size.width {
            let (row, column) = isTransposed ? (x, y) : (y, x)
            let storedRow = isFlipped ? height - 1 - row : row
            let storedColumn = isMirrored ? width - 1 - column : column
            for channel in 0..<channels {
              target[(y * size.width + x) * channels + channel] =
                source[(storedRow * width + storedColumn) * channels + channel]
            }
          }
        }
      }
      count = shape.count
    }
    return RasterImage(shape: shape, pixels: pixels)
  }
}
