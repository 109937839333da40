internal import Compute

/// How images become images of one shape: their color, the background of transparent pixels, and their size.
///
/// Samples are used as stored, without gamma or color-profile conversion. All arithmetic is exact, so that the same
/// files give the same bytes on every machine.
package struct ImageConversion: Sendable, Hashable {
  /// The channels of the images.
  package enum Color: String, Sendable, CaseIterable {
    /// RGB if any image has color, else gray. A file with three channels whose pixels are all gray has no color.
    case auto
    case gray
    case rgb
  }

  /// How an image gets a size with another ratio of height to width.
  package enum Fit: String, Sendable, CaseIterable {
    /// The center of the image is used, as large as possible.
    case crop
    /// The whole image is used, centered on the background.
    case pad
    /// The whole image is used, and distorted.
    case stretch
  }

  /// The color behind transparent and padded pixels.
  package struct Background: Sendable, Hashable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

    package static let white = Background(red: 255, green: 255, blue: 255)
    package static let black = Background(red: 0, green: 0, blue: 0)

    var isGray: Bool { red == green && green == blue }

    /// The color as a gray level; see ``RasterImage/gray``.
    var gray: Background {
      let pixel = RasterImage(shape: ImageShape(height: 1, width: 1, channels: 3), pixels: [red, green, blue])
      let level = pixel.gray.pixels[0]
      return Background(red: level, green: level, blue: level)
    }
  }

  package var color: Color
  package var background: Background
  /// The height and width; nil: images of equal size keep it, and images of different sizes get the
  /// ``ImageSize/median(of:)``.
  package var size: ImageSize?
  package var fit: Fit

  package init(
    color: Color = .auto, background: Background = .white, size: ImageSize? = nil, fit: Fit = .crop
  ) {
    (self.color, self.background, self.size, self.fit) = (color, background, size, fit)
  }

  /// Returns the shape of converted images; nil if it depends on them.
  package var shape: ImageShape? {
    guard let size, color != .auto else { return nil }
    return ImageShape(height: size.height, width: size.width, channels: color == .rgb ? 3 : 1)
  }

  /// Converts an image.
  /// - Returns: an image of this conversion's size, or its own size if that is nil. The color `.auto` results in one
  ///   channel if the image is gray.
  package func image(_ decoded: DecodedImage) -> RasterImage { image(decoded.blended(onto: background)) }

  /// Converts an image without transparent pixels.
  package func image(_ image: RasterImage) -> RasterImage {
    // The conversion to gray precedes the resizing: the result does not depend on whether the file stores gray in three
    // channels, and gray is one third of the work.
    let image = color == .gray || image.isGray ? image.gray : image
    let resized = size.map { image.resized(to: $0, fit, color == .gray ? background.gray : background) } ?? image
    return color == .rgb ? resized.rgb : resized
  }
}

// MARK: Text

/// An error for an invalid conversion.
package struct ImageConversionError: Error, Equatable, CustomStringConvertible {
  package let description: String
}

extension ImageConversion: CustomStringConvertible {
  /// The canonical text, for example `color=auto,background=#ffffff,size=auto,fit=crop`.
  package var description: String {
    "color=\(color.rawValue),background=\(background),size=\(size?.description ?? "auto"),fit=\(fit.rawValue)"
  }

  /// Parses the format of ``description``.
  package init(parsing text: String) throws(ImageConversionError) {
    self.init()
    let fields = text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    }
    guard fields.map(\.first) == ["color", "background", "size", "fit"], fields.allSatisfy({ $0.count == 2 }),
      let color = Color(rawValue: fields[0][1]), let fit = Fit(rawValue: fields[3][1])
    else {
      throw ImageConversionError(
        description: "'\(text)' is not a conversion of images; expected a text such as \(ImageConversion())")
    }
    try self.init(
      color: color, background: Background(parsing: fields[1][1]),
      size: fields[2][1] == "auto" ? nil : ImageSize(parsing: fields[2][1]), fit: fit)
  }
}

extension ImageConversion.Background: CustomStringConvertible {
  /// The color as six hexadecimal digits: `#ffffff`.
  package var description: String { "#" + Digest.hexadecimal([red, green, blue]) }

  /// Parses `white`, `black`, or the format of ``description``.
  package init(parsing text: String) throws(ImageConversionError) {
    switch text {
    case "white": self = .white
    case "black": self = .black
    default:
      let digits = text.dropFirst().utf8
      guard text.hasPrefix("#"), digits.count == 6, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let number = UInt32(text.dropFirst(), radix: 16)
      else {
        throw ImageConversionError(
          description: "'\(text)' is not a background; expected white, black, or a color such as #ffcc00")
      }
      let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
      self.init(red: bytes[0], green: bytes[1], blue: bytes[2])
    }
  }
}
