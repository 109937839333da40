internal import Compute

/// Random changes of training images that preserve their labels.
///
/// Random numbers are keyed by (seed, epoch, sample), so the change of an image depends neither on the worker nor on
/// the order of work.
package struct Augmentation: Sendable, Equatable {
  /// Whether half of the images, chosen at random, are mirrored horizontally.
  package var flip = false
  /// The maximum shift in pixels in each direction; uncovered pixels become zero.
  package var shift = 0
  /// Whether a random rectangle is set to zero in half of the images, chosen at random (Zhong et al., "Random erasing
  /// data augmentation", 2020).
  package var erase = false

  package static let none = Augmentation()

  package init(flip: Bool = false, shift: Int = 0, erase: Bool = false) {
    (self.flip, self.shift, self.erase) = (flip, shift, erase)
  }

  /// The fraction of the image that an erased rectangle covers: the paper's range, with half the maximum since images
  /// are small. The ratio of its height to its width is between 1/2 and 2.
  private static let erasedFraction: (lowest: Float, highest: Float) = (0.02, 0.2)

  /// Writes the augmented image to `target`.
  /// - Parameters:
  ///   - image, target: (height, width, channels), not overlapping
  ///   - sample: the index of the image in the training set
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

  /// Maps a random word to a uniform integer in -limit...limit.
  private static func offset(_ word: UInt32, _ limit: Int) -> Int {
    Int(word.multipliedFullWidth(by: UInt32(2 * limit + 1)).high) - limit
  }

  private func eraseRectangle(
    _ shape: ImageShape, _ target: UnsafeMutablePointer<UInt8>, seed: UInt64, epoch: Int, sample: Int
  ) {
    let words = Philox.words(
      seed: seed, .augmentation, UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: sample), 1)
    let (lowest, highest) = Self.erasedFraction
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

/// An error for an invalid augmentation.
package struct AugmentationError: Error, Equatable, CustomStringConvertible {
  package let word: String
  package var description: String {
    "'\(word)' is not an augmentation; expected a list of flip, shift:PIXELS (1 to 64) and erase, each at most once, "
      + "for example flip,shift:2, or none"
  }
}

extension Augmentation: CustomStringConvertible {
  /// The augmentation as text: "none", or a list such as "flip,shift:2,erase".
  package var description: String {
    let words = (flip ? ["flip"] : []) + (shift > 0 ? ["shift:\(shift)"] : []) + (erase ? ["erase"] : [])
    return words.isEmpty ? "none" : words.joined(separator: ",")
  }

  /// Parses the format of ``description``; `shift` without a number means 2 pixels.
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
