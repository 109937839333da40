internal import Foundation
internal import Models

/// What a model makes of images that workers judge block by block.
package struct BlockProbabilities {
  /// Images of a block, which is a unit of the job.
  package static let imagesPerUnit = 96

  let imageCount: Int
  let classCount: Int
  /// (images, classes); 0 where nothing has come yet.
  private(set) var values: [Float]

  init(imageCount: Int, classCount: Int) {
    (self.imageCount, self.classCount) = (imageCount, classCount)
    values = [Float](repeating: 0, count: imageCount * classCount)
  }

  var units: Range<Int> { 0..<(imageCount + Self.imagesPerUnit - 1) / Self.imagesPerUnit }

  /// - Parameter bytes: the numbers of some units, as a worker has sent them
  /// - Throws: ``ModelError/badModel(_:)`` if they are not as many as they must be
  mutating func add(_ bytes: UnsafeRawBufferPointer, of units: Range<Int>) throws(ModelError) {
    let first = units.lowerBound * Self.imagesPerUnit
    let count = min(units.upperBound * Self.imagesPerUnit, imageCount) - first
    guard bytes.count == count * classCount * 4 else {
      throw .badModel("probabilities of \(bytes.count) bytes came for \(count) images")
    }
    values.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[(first * classCount * 4)...]).copyMemory(from: bytes)
    }
  }
}
