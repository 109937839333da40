internal import Compute

/// Random changes of training images that leave their meaning alone.
///
/// Every draw is keyed by (seed, epoch, sample), so an image is changed in the same way whoever carries it, and whenever.
package struct Augmentation: Sendable, Equatable {
  /// Mirror every second image from left to right.
  package var flip = false
  /// Move by up to this many pixels in each direction; what comes in is zero.
  package var shift = 0
  /// Set a random rectangle of every second image to zero (Zhong et al., "Random erasing data augmentation", 2020).
  package var erase = false

  package static let none = Augmentation()

  package init(flip: Bool = false, shift: Int = 0, erase: Bool = false) {
    (self.flip, self.shift, self.erase) = (flip, shift, erase)
  }

  /// The share of the image that an erased rectangle covers: the paper's range, halved at the top because images are small. Its height
  /// over its width is between 1/2 and 2.
  private static let erasedShare: (lowest: Float, highest: Float) = (0.02, 0.2)

  /// Writes the changed image.
  /// - Parameters:
  ///   - image, target: (height, width, channels), not overlapping
  ///   - sample: where the image stands in the training set
  package func apply(
    image: UnsafePointer<UInt8>, shape: ImageShape, into target: UnsafeMutablePointer<UInt8>, seed: UInt64, epoch: Int,
    sample: Int
  ) {
    guard self != .none else { return target.update(from: image, count: shape.count) }
    let words = Philox.words(
      seed: seed, .augmentation, UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: sample), 0)
    let mirrored = flip && words.x & 1 == 1
    let down = Self.offset(words.y, shift)
    let right = Self.offset(words.z, shift)
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        let (sourceY, shiftedX) = (y - down, x - right)
        let sourceX = mirrored ? shape.width - 1 - shiftedX : shiftedX
        let isInside = 0..<shape.height ~= sourceY && 0..<shape.width ~= sourceX
        for channel in 0..<shape.channels {
          target[(y * shape.width + x) * shape.channels + channel] =
            isInside ? image[(sourceY * shape.width + sourceX) * shape.channels + channel] : 0
        }
      }
    }
    if erase && words.w & 1 == 1 { eraseRectangle(shape, target, seed: seed, epoch: epoch, sample: sample) }
  }

  /// Uniform in -limit...limit.
  private static func offset(_ word: UInt32, _ limit: Int) -> Int {
    Int(word.multipliedFullWidth(by: UInt32(2 * limit + 1)).high) - limit
  }

  private func eraseRectangle(
    _ shape: ImageShape, _ target: UnsafeMutablePointer<UInt8>, seed: UInt64, epoch: Int, sample: Int
  ) {
    let words = Philox.words(
      seed: seed, .augmentation, UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: sample), 1)
    let (lowest, highest) = Self.erasedShare
    let area = Float(shape.height * shape.width) * (lowest + (highest - lowest) * Philox.uniform(words.x))
    let aspect = 0.5 + 1.5 * Philox.uniform(words.y)
    let height = min(shape.height, max(1, Int((area * aspect).squareRoot())))
    let width = min(shape.width, max(1, Int(area) / height))
    let top = Int(words.z.multipliedFullWidth(by: UInt32(shape.height - height + 1)).high)
    let left = Int(words.w.multipliedFullWidth(by: UInt32(shape.width - width + 1)).high)
    for y in top..<top + height {
      (target + (y * shape.width + left) * shape.channels).update(repeating: 0, count: width * shape.channels)
    }
  }
}

// MARK: Text

/// An augmentation that cannot be read.
package struct AugmentationError: Error, Equatable, CustomStringConvertible {
  package let word: String
  package var description: String {
    "'\(word)' is no augmentation; a list of flip, shift:PIXELS (1 to 64) and erase, each once, or none, is expected, for example flip,shift:2"
  }
}

extension Augmentation: CustomStringConvertible {
  /// "none", or as in "flip,shift:2,erase".
  package var description: String {
    let words = (flip ? ["flip"] : []) + (shift > 0 ? ["shift:\(shift)"] : []) + (erase ? ["erase"] : [])
    return words.isEmpty ? "none" : words.joined(separator: ",")
  }

  /// Reads what ``description`` writes; `shift` alone is by 2 pixels.
  package init(parsing text: String) throws(AugmentationError) {
    self.init()
    if text == "none" { return }
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      switch word {
      case "flip" where !flip: flip = true
      case "erase" where !erase: erase = true
      case "shift" where shift == 0: shift = 2
      default:
        guard shift == 0, word.hasPrefix("shift:"), let pixels = Int(word.dropFirst(6)), 1...64 ~= pixels else {
          throw AugmentationError(word: word)
        }
        shift = pixels
      }
    }
  }
}
