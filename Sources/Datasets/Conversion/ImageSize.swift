/// The height and width of an image in pixels.
package struct ImageSize: Sendable, Hashable, Codable {
  package var height: Int
  package var width: Int

  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  /// The longest side of a size that ``median(of:)`` chooses. Small sets of large images train networks badly: their
  /// layers have more weights than a few images can determine, and an epoch takes long.
  package static let longestChosenSide = 64

  /// Returns the size for images of these sizes, of which there is at least one: the size of all of them if it is
  /// within the limits of data sets; else their median height and median width (of an even number the lower ones), both
  /// reduced by the same factor so that none exceeds ``longestChosenSide``.
  package static func median(of sizes: [ImageSize]) -> ImageSize {
    let first = sizes[0]
    let isWithinLimits = max(first.height, first.width) <= DatasetLimits.side
    if isWithinLimits, sizes.allSatisfy({ $0 == first }) { return first }
    func median(_ sides: [Int]) -> Int { sides.sorted()[(sides.count - 1) / 2] }
    let (height, width) = (median(sizes.map(\.height)), median(sizes.map(\.width)))
    let longest = max(height, width)
    guard longest > longestChosenSide else { return ImageSize(height: height, width: width) }
    func reduced(_ side: Int) -> Int { max(1, (2 * side * longestChosenSide + longest) / (2 * longest)) }
    return ImageSize(height: reduced(height), width: reduced(width))
  }
}

extension ImageSize: CustomStringConvertible {
  /// The height and the width: `48x64`.
  package var description: String { "\(height)x\(width)" }

  /// Parses one number for both sides, or the format of ``description``.
  package init(parsing text: String) throws(ImageConversionError) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { side in
      side.allSatisfy { $0.isASCII && $0.isNumber } ? Int(side) : nil
    }
    guard 1...2 ~= sides.count, let height = sides[0], let width = sides[sides.count - 1],
      1...DatasetLimits.side ~= height, 1...DatasetLimits.side ~= width
    else {
      throw ImageConversionError(
        description: "'\(text)' is not a size; expected one side or HEIGHTxWIDTH, from 1 to \(DatasetLimits.side), "
          + "for example 64 or 48x64")
    }
    self.init(height: height, width: width)
  }
}
