internal import Foundation

/// A color map for numbers from 0 to 1, interpolated linearly between the entries of a table.
package struct ColorMap: Sendable, Equatable {
  package struct Color: Sendable, Hashable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

    /// - Parameter code: 0xRRGGBB
    package init(_ code: UInt32) {
      self.init(
        red: UInt8(truncatingIfNeeded: code >> 16), green: UInt8(truncatingIfNeeded: code >> 8),
        blue: UInt8(truncatingIfNeeded: code))
    }
  }

  /// 0xRRGGBB, at equal distances from 0 to 1.
  private let table: [UInt32]

  /// Perceptually uniform, from dark violet through green to yellow; readable in grayscale and by color-blind readers.
  /// Van der Walt and Smith, 2015, reduced to 16 colors.
  package static let viridis = ColorMap(table: [
    0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e, 0x2a788e, 0x23888e,
    0x1f988b, 0x22a884, 0x35b779, 0x54c568, 0x7ad151, 0xa5db36, 0xd2e21b, 0xfde725,
  ])

  /// From nearly white to dark blue, for matrices with many zeros. ColorBrewer's "Blues" (Harrower and Brewer, 2003).
  package static let blues = ColorMap(table: [
    0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b,
  ])

  /// For signed values: blue below the middle, nearly white at the middle, red above. ColorBrewer's "RdBu", reversed.
  package static let diverging = ColorMap(table: [
    0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f,
  ])

  /// - Parameter fraction: clamped to 0...1; NaN counts as 0.
  package func color(_ fraction: Double) -> Color {
    let place = (fraction.isNaN ? 0 : min(max(fraction, 0), 1)) * Double(table.count - 1)
    let below = min(Int(place), table.count - 2)
    let (low, high) = (Color(table[below]), Color(table[below + 1]))
    func mixed(_ part: KeyPath<Color, UInt8>) -> UInt8 {
      let (first, second) = (Double(low[keyPath: part]), Double(high[keyPath: part]))
      return UInt8((first + (second - first) * (place - Double(below))).rounded())
    }
    return Color(red: mixed(\.red), green: mixed(\.green), blue: mixed(\.blue))
  }
}

extension ColorMap.Color {
  /// The color in CSS notation.
  var code: String {
    let digits = String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// Relative luminance, as WCAG 2.2 defines it for contrast.
  var luminance: Double {
    func linear(_ part: UInt8) -> Double {
      let fraction = Double(part) / 255
      return fraction <= 0.04045 ? fraction / 12.92 : pow((fraction + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }
}
