package import Datasets

/// The position of a byte in an image. Rows are counted from the top, columns from the left, all from 0.
package struct PixelPosition: Sendable, Equatable, Codable {
  package let row: Int
  package let column: Int
  package let channel: Int

  /// - Parameter index: (row * width + column) * channels + channel
  package init(index: Int, in shape: ImageShape) {
    channel = index % shape.channels
    (row, column) = (index / shape.channels / shape.width, index / shape.channels % shape.width)
  }

  package func index(in shape: ImageShape) -> Int { (row * shape.width + column) * shape.channels + channel }

  /// The position as text: "pixel (row 12, column 5)", in color images "red of pixel (row 12, column 5)".
  package func name(in shape: ImageShape) -> String {
    let place = "pixel (row \(row), column \(column))"
    switch shape.channels {
    case 1: return place
    case 3: return "\(["red", "green", "blue"][channel]) of \(place)"
    default: return "channel \(channel) of \(place)"
    }
  }
}
