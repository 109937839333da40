internal import Compute
internal import Dispatch
internal import Synchronization

/// Decodes and converts image files in batches, on threads of its own, always one batch ahead of its user.
package struct ImageFileStream {
  /// The image of a file.
  package struct Item: Sendable {
    package let name: FileName
    package let image: Result<ConvertedImage, DatasetError>
  }

  /// The most memory for the images of a batch, in bytes, and the most images in it.
  private static let batch = (bytes: 32 << 20, images: 2048)

  private let names: [FileName]
  private let convert: @Sendable (DecodedImage, FileName) throws(DatasetError) -> ConvertedImage
  private let team: ThreadTeam
  private let step: Int

  /// - Parameters:
  ///   - names: the files, in the order of the batches
  ///   - shape: of the converted images
  ///   - threads: the number of threads that decode
  ///   - convert: called on the threads that decode
  package init(
    _ names: [FileName], shape: ImageShape, threads: Int,
    convert: @escaping @Sendable (DecodedImage, FileName) throws(DatasetError) -> ConvertedImage
  ) {
    (self.names, self.convert) = (names, convert)
    team = ThreadTeam(threads: threads)
    step = max(threads, min(Self.batch.images, Self.batch.bytes / shape.count))
  }

  /// Calls `body` with each batch, and the seconds that its decoding took, while the next batch is decoded.
  package func process(_ body: (_ items: [Item], _ seconds: Double) throws -> Void) rethrows {
    var next = batch(from: 0)
    for start in stride(from: 0, to: names.count, by: step) {
      let (items, seconds) = next.wait()
      next = batch(from: start + step)
      do { try body(items, seconds) } catch {
        // The threads of the team must not outlive their work.
        _ = next.wait()
        throw error
      }
    }
  }

  /// Starts to decode the batch from a place on.
  private func batch(from start: Int) -> Batch {
    let batch = Batch()
    guard start < names.count else {
      batch.finish([], seconds: 0)
      return batch
    }
    let work: @Sendable () -> Void = { [names, team, convert, step] in
      let begin = ContinuousClock.now
      let block = Array(names[start..<min(start + step, names.count)])
      let images = team.map(block) { name throws(DatasetError) in
        try convert(try ImageDecoders.all.read(name), name)
      }
      batch.finish(
        zip(block, images).map { Item(name: $0, image: $1) }, seconds: (ContinuousClock.now - begin) / .seconds(1))
    }
    // Without a further thread, the batch is decoded by this one.
    do throws(ResourceLimitError) { try SystemThread.start("atelier-decode", work) } catch { work() }
    return batch
  }
}

/// An image of the shape of a data set or a model, and what its conversion has changed.
package struct ConvertedImage: Sendable {
  package let image: RasterImage
  /// Whether transparent pixels were blended onto the background.
  package let isBlended: Bool
  /// Whether the size was changed.
  package let isResized: Bool
  /// Whether color was converted to gray.
  package let isWithoutColor: Bool

  /// An image in the size and color of a conversion.
  package init(_ decoded: DecodedImage, _ conversion: ImageConversion) {
    image = conversion.image(decoded)
    isBlended = decoded.isBlended
    isResized = decoded.samples.size != image.size
    isWithoutColor = image.shape.channels == 1 && !decoded.samples.isGray
  }

  /// An image in its own size, on a white background, for a set of images with `channels` channels.
  package init(_ decoded: DecodedImage, channels: Int) {
    image = decoded.image(channels: channels)
    (isBlended, isResized, isWithoutColor) = (decoded.isBlended, false, false)
  }
}

/// A batch that another thread decodes.
private final class Batch: Sendable {
  private let result = Mutex<(items: [ImageFileStream.Item], seconds: Double)>(([], 0))
  private let isDone = DispatchSemaphore(value: 0)

  func finish(_ items: [ImageFileStream.Item], seconds: Double) {
    result.withLock { $0 = (items, seconds) }
    isDone.signal()
  }

  func wait() -> (items: [ImageFileStream.Item], seconds: Double) {
    isDone.wait()
    return result.withLock { $0 }
  }
}
