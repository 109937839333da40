internal import Compute
internal import Coordination
internal import Datasets
internal import Models
internal import Progress

/// Runs tasks of a job that consists of independent tasks.
protocol TaskRunner {
  /// Runs a chunk of tasks.
  /// - Parameter progress: Called with the number of completed tasks of the chunk; returns false to stop early.
  /// - Returns: The bytes of the result.
  /// - Throws: `CancellationError` if stopped; another error if the tasks fail.
  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8]

  /// Returns the number of bytes that are the same whichever worker computes them; the rest describes the run, such as
  /// its duration.
  func checkedCount(of bytes: [UInt8]) -> Int
}

extension TaskRunner {
  func checkedCount(of bytes: [UInt8]) -> Int { bytes.count }
}

/// Runs tasks of a fit. The result is a safetensors file of the tensors that the family of models defines.
struct PartialFitRunner: TaskRunner {
  private let tasks: any FitTasks

  init(
    _ images: LabeledImages, _ settings: ModelSettings, classCount: Int, on context: ComputeContext
  ) throws {
    tasks = try settings.kind.family.tasks(images, classCount: classCount, settings: settings, on: context)
  }

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    SafetensorsFile(metadata: [:], tensors: try tasks.run(chunk.tasks, progress: progress)).bytes
  }
}

/// Predicts blocks of images. The result is the images' class probabilities: Floats of shape (images, classes).
struct PredictionTaskRunner: TaskRunner {
  let predictor: Predictor
  let images: LabeledImages
  let imagesPerTask: Int

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let tasks = chunk.tasks
    let range = tasks.lowerBound * imagesPerTask..<min(tasks.upperBound * imagesPerTask, images.count)
    let part = range.count == images.count ? images : images.selecting(Array(range))
    let probabilities = try predictor(part) { progress($0.done / imagesPerTask) }
    return probabilities.withUnsafeBytes { Array($0) }
  }
}

/// Does nothing, to measure the cost of distributing a task.
struct EmptyTaskRunner: TaskRunner {
  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] { [] }
}
