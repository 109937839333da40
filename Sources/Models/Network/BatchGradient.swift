package import Compute
package import Datasets
internal import KernelInterface
internal import Synchronization

/// Computes the gradient of a batch on the thread team: logical shards in parallel, summed along the fixed tree.
///
/// Memory that depends on the network or the batch is kept from step to step, and allocated again only if another range
/// of shards needs more.
package final class BatchGradient {
  private let plan: NetworkPlan
  private let settings: NetworkSettings
  private let images: LabeledImages
  /// The training images among `images`; nil for all.
  private let selected: [Int]?
  /// ``InputNormalization/table``
  private let table: [Float]
  private let context: ComputeContext
  private var schedule: ShardSchedule
  /// By thread; nil for threads that have not had any shards yet.
  private var workspaces: [ShardWorkspace?]
  private let shardImages: Int
  private let buckets: [Range<Int>]
  /// (buffers, plan.count)
  private var vectors: AlignedBuffer<Float>
  /// The sums over the maximal subtrees inside ``shards``, from left to right, each (plan.count): a single one, the sum
  /// over the whole batch, if ``shards`` are all.
  ///
  /// Valid after ``finish(_:)`` has covered the whole vector, until the next
  /// ``compute(samples:count:epoch:parameters:packed:bucketSummed:)``.
  package private(set) var sums: [UnsafePointer<Float>] = []
  /// The state of the current step: for each bucket, the number of threads that have summed their own shards; and a bit
  /// set for each bucket that is finished.
  private let progress: Mutex<(arrived: [Int], finished: Int)>
  /// The shards of which the next computation records a digest of the gradient.
  var watched: [Int] = []
  /// (watched, buckets)
  private var digests = AlignedBuffer<UInt64>(count: 0)

  /// - Parameters:
  ///   - images: images of the plan's shape
  ///   - selected: the training images among them; nil for all. They are not copied.
  ///   - normalization: the normalization of their pixels
  ///   - shards: the shards to compute at first; nil for all
  package init(
    _ plan: NetworkPlan, settings: NetworkSettings, images: LabeledImages, selected: [Int]? = nil,
    normalization: InputNormalization, shards: Range<Int>? = nil, context: ComputeContext
  ) {
    self.plan = plan
    self.settings = settings
    self.images = images
    self.selected = selected
    self.context = context
    table = normalization.table
    buckets = plan.buckets
    schedule = ShardSchedule(
      range: shards ?? 0..<settings.shards, of: settings.shards, threads: context.team.count)
    shardImages = (min(settings.batch, selected?.count ?? images.count) + settings.shards - 1) / settings.shards
    workspaces = schedule.actions.map { _ in nil }
    vectors = AlignedBuffer(count: 0)
    progress = Mutex((arrived: [Int](repeating: 0, count: buckets.count), finished: 0))
    allocate()
  }

  private func allocate() {
    let count = schedule.bufferCount * plan.count
    if count > vectors.count { vectors = AlignedBuffer(count: count) }
    sums = schedule.sums.map { UnsafePointer(vector($0)) }
    for (thread, actions) in schedule.actions.enumerated() where !actions.isEmpty && workspaces[thread] == nil {
      workspaces[thread] = ShardWorkspace(plan, images: shardImages, forTraining: true)
    }
  }

  /// The shards that are computed: all, unless ``use(shards:)`` selects others.
  package var shards: Range<Int> { schedule.range }

  /// Selects the shards of each batch that are computed from now on.
  package func use(shards: Range<Int>) {
    guard shards != schedule.range else { return }
    schedule = ShardSchedule(range: shards, of: settings.shards, threads: context.team.count)
    allocate()
  }

  private func vector(_ buffer: Int) -> UnsafeMutablePointer<Float> { vectors.pointer + buffer * plan.count }

  /// Computes the shards' gradients, and the sums of each thread's own shards.
  ///
  /// - Parameters:
  ///   - samples: (count), the positions of the images in the training set
  ///   - count: at most the batch size
  ///   - bucketSummed: called on the calling thread with each of the plan's buckets, in order, when ``sums`` are
  ///     complete there, while the backward pass continues in earlier layers; if nil, the caller calls ``finish(_:)``
  package func compute(
    samples: UnsafePointer<Int>, count: Int, epoch: Int, parameters: UnsafePointer<Float>, packed: PackedWeights,
    bucketSummed: ((_ bucket: Int) -> Void)? = nil
  ) {
    if digests.count < watched.count * buckets.count { digests = AlignedBuffer(count: watched.count * buckets.count) }
    let busy = schedule.actions.count { !$0.isEmpty }
    progress.withLock { progress in
      for bucket in buckets.indices { progress.arrived[bucket] = 0 }
      progress.finished = 0
    }
    var reported = 0
    /// Notes that a thread has summed its own shards in the bucket. The last thread adds the sums of all.
    func arrive(at bucket: Int, thread: Int) {
      let isLast = progress.withLock {
        $0.arrived[bucket] += 1
        return $0.arrived[bucket] == busy
      }
      if isLast {
        finish(buckets[bucket])
        progress.withLock { $0.finished |= 1 << bucket }
      }
      if thread == 0 { reportFinished() }
    }
    func reportFinished() {
      let finished = progress.withLock { $0.finished }
      while bucketSummed != nil, reported < buckets.count, finished >> reported & 1 == 1 {
        bucketSummed?(reported)
        reported += 1
      }
    }
    context.team.run { thread in
      let actions = schedule.actions[thread]
      let last = actions.lastIndex(where: \.isCompute)
      for (index, action) in actions.enumerated() {
        switch action {
        case .compute(let shard, let buffer):
          let pass = ShardPass(
            plan: plan, kernels: context.kernels, parameters: parameters, packed: packed,
            workspace: workspaces[thread]!)
          let reportsBuckets = index == last && bucketSummed != nil
          compute(shard, of: count, samples: samples, epoch: epoch, into: vector(buffer), pass) { bucket in
            noteDigest(of: shard, bucket, vector(buffer))
            guard reportsBuckets else { return }
            for action in actions[(index + 1)...] { add(action, in: buckets[bucket]) }
            arrive(at: bucket, thread: thread)
          }
          if reportsBuckets { return }
        case .add: add(action, in: 0..<plan.count)
        }
      }
    }
    reportFinished()
  }

  /// Records the digest of a shard's gradient in a bucket, if the shard is watched. Call it before the gradient is
  /// added to another.
  private func noteDigest(of shard: Int, _ bucket: Int, _ gradient: UnsafePointer<Float>) {
    guard let place = watched.firstIndex(of: shard) else { return }
    var digest = Fingerprint()
    digest.update(UnsafeBufferPointer(start: gradient + buckets[bucket].lowerBound, count: buckets[bucket].count))
    digests.pointer[place * buckets.count + bucket] = digest.value
  }

  /// The digest of the gradients of the ``watched`` shards; 0 if there are none.
  var watchedDigest: UInt64 {
    Self.combined(
      watched.indices.map { place in
        Self.combined(buckets.indices.map { digests[place * buckets.count + $0] })
      })
  }

  /// Returns a digest of digests: 0 for none, and a single digest unchanged.
  static func combined(_ digests: [UInt64]) -> UInt64 {
    if digests.count <= 1 { return digests.first ?? 0 }
    var digest = Fingerprint()
    for value in digests { digest.update(value) }
    return digest.value
  }

  private func add(_ action: ShardSchedule.Action, in range: Range<Int>) {
    guard case .add(let left, let right) = action else { return }
    context.kernels.add(
      count: range.count, values: vector(right) + range.lowerBound, to: vector(left) + range.lowerBound)
  }

  /// Adds the threads' sums in a range of the vector, whose bounds are multiples of 16.
  package func finish(_ range: Range<Int>) {
    for (left, right) in schedule.additions {
      context.kernels.add(
        count: range.count, values: vector(right) + range.lowerBound, to: vector(left) + range.lowerBound)
    }
  }

  private func compute(
    _ shard: Int, of batch: Int, samples: UnsafePointer<Int>, epoch: Int, into gradient: UnsafeMutablePointer<Float>,
    _ pass: ShardPass, bucketDone: (_ bucket: Int) -> Void
  ) {
    let first = batch * shard / settings.shards
    let count = batch * (shard + 1) / settings.shards - first
    let samples = samples + first
    // With fewer images than shards, some shards have no images.
    guard count > 0 else {
      gradient.update(repeating: 0, count: plan.count)
      return buckets.indices.forEach(bucketDone)
    }
    let workspace = pass.workspace
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { labels in
      images.pixels.withUnsafeBufferPointer { pixels in
        table.withUnsafeBufferPointer { table in
          for image in 0..<count {
            let sample = samples[image]
            let source = selected?[sample] ?? sample
            labels[image] = images.labels[source]
            settings.augment.apply(
              image: pixels.baseAddress! + source * plan.input.count, shape: plan.input,
              into: workspace.pixels.pointer, seed: settings.seed, epoch: epoch, sample: sample)
            plan.writePatches(
              pixels: workspace.pixels.pointer, table: table.baseAddress!, normalized: workspace.normalized.pointer,
              patches: workspace.patches.pointer + image * plan.patchCount)
          }
        }
      }
      let training = ShardPass.Training(settings: settings, epoch: epoch, samples: samples, gradient: gradient)
      pass.forward(images: count, training: training)
      pass.backward(images: count, labels: labels.baseAddress!, training: training, bucketDone: bucketDone)
    }
  }
}
