internal import Foundation

/// Colours for numbers from 0 to 1: between two entries of a table, the mean weighted by distance.
package struct ColourMap: Sendable, Equatable {
  package struct Colour: Sendable, Hashable {
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

  /// From dark violet over green to yellow: equal steps look equal, in grey and to colour-blind people too.
  /// Van der Walt and Smith, 2015, as 16 colours.
  package static let viridis = ColourMap(table: [
    0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e, 0x2a788e, 0x23888e,
    0x1f988b, 0x22a884, 0x35b779, 0x54c568, 0x7ad151, 0xa5db36, 0xd2e21b, 0xfde725,
  ])

  /// From nearly white to dark blue: for matrices with many zeros. ColorBrewer's "Blues", Harrower and Brewer, 2003.
  package static let blues = ColourMap(table: [
    0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b,
  ])

  /// For signed values: blue below the middle, nearly white in it, red above. ColorBrewer's "RdBu", reversed.
  package static let diverging = ColourMap(table: [
    0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f,
  ])

  /// - Parameter share: numbers outside of 0...1 get the colour of the nearer end, and one that is none that of 0.
  package func colour(_ share: Double) -> Colour {
    let place = (share.isNaN ? 0 : min(max(share, 0), 1)) * Double(table.count - 1)
    let below = min(Int(place), table.count - 2)
    let (low, high) = (Colour(table[below]), Colour(table[below + 1]))
    func mixed(_ part: KeyPath<Colour, UInt8>) -> UInt8 {
      let (first, second) = (Double(low[keyPath: part]), Double(high[keyPath: part]))
      return UInt8((first + (second - first) * (place - Double(below))).rounded())
    }
    return Colour(red: mixed(\.red), green: mixed(\.green), blue: mixed(\.blue))
  }
}

extension ColourMap.Colour {
  /// As CSS writes it.
  var code: String {
    let digits = String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// Relative luminance, as WCAG 2.2 defines it for contrast.
  var luminance: Double {
    func linear(_ part: UInt8) -> Double {
      let share = Double(part) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }
}
