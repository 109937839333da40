internal import Foundation
internal import Models

/// Class probabilities of images, which workers compute block by block.
package struct BlockProbabilities {
  /// The number of images of a block, which is one task of the job.
  package static let imagesPerTask = 96

  let imageCount: Int
  let classCount: Int
  /// Shape (images, classes); 0 where no result has arrived yet.
  private(set) var values: [Float]

  init(imageCount: Int, classCount: Int) {
    (self.imageCount, self.classCount) = (imageCount, classCount)
    values = [Float](repeating: 0, count: imageCount * classCount)
  }

  var tasks: Range<Int> { 0..<(imageCount + Self.imagesPerTask - 1) / Self.imagesPerTask }

  /// Decodes the probabilities of some blocks.
  /// - Parameter bytes: The numbers as a worker has sent them.
  /// - Throws: ``ModelError/badModel(_:)`` if their count is wrong or a number is not a probability.
  func read(_ bytes: UnsafeRawBufferPointer, of tasks: Range<Int>) throws(ModelError) -> [Float] {
    let first = tasks.lowerBound * Self.imagesPerTask
    let count = min(tasks.upperBound * Self.imagesPerTask, imageCount) - first
    guard bytes.count == count * classCount * 4 else {
      throw .badModel("a worker sent \(bytes.count) bytes for the probabilities of \(count) images")
    }
    let values = [Float](unsafeUninitializedCapacity: count * classCount) { buffer, filled in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      filled = count * classCount
    }
    guard values.allSatisfy({ $0.isNaN || (0...1.001).contains($0) }) else {
      throw .badModel("a worker sent numbers outside 0 to 1 as the probabilities of \(count) images")
    }
    return values
  }

  /// - Parameter part: The numbers that ``read(_:of:)`` has returned for these tasks.
  mutating func add(_ part: [Float], of tasks: Range<Int>) {
    let first = tasks.lowerBound * Self.imagesPerTask * classCount
    values.replaceSubrange(first..<first + part.count, with: part)
  }
}
