internal import Foundation
internal import Models

/// What a model makes of images that workers judge block by block.
package struct BlockProbabilities {
  /// Images of a block, which is a unit of the job.
  package static let imagesPerTask = 96

  let imageCount: Int
  let classCount: Int
  /// (images, classes); 0 where nothing has come yet.
  private(set) var values: [Float]

  init(imageCount: Int, classCount: Int) {
    (self.imageCount, self.classCount) = (imageCount, classCount)
    values = [Float](repeating: 0, count: imageCount * classCount)
  }

  var units: Range<Int> { 0..<(imageCount + Self.imagesPerTask - 1) / Self.imagesPerTask }

  /// - Parameter bytes: the numbers of some units, as a worker has sent them
  /// - Throws: ``ModelError/badModel(_:)`` if they are not as many as they must be, or are no probabilities
  func read(_ bytes: UnsafeRawBufferPointer, of units: Range<Int>) throws(ModelError) -> [Float] {
    let first = units.lowerBound * Self.imagesPerTask
    let count = min(units.upperBound * Self.imagesPerTask, imageCount) - first
    guard bytes.count == count * classCount * 4 else {
      throw .badModel("probabilities of \(bytes.count) bytes came for \(count) images")
    }
    let values = [Float](unsafeUninitializedCapacity: count * classCount) { buffer, filled in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      filled = count * classCount
    }
    guard values.allSatisfy({ $0.isNaN || (0...1.001).contains($0) }) else {
      throw .badModel("numbers that are no probabilities came for \(count) images")
    }
    return values
  }

  /// - Parameter part: what ``read(_:of:)`` has returned for these units
  mutating func add(_ part: [Float], of units: Range<Int>) {
    let first = units.lowerBound * Self.imagesPerTask * classCount
    values.replaceSubrange(first..<first + part.count, with: part)
  }
}
