internal import Compute
internal import Coordination
internal import Foundation
internal import Synchronization
internal import Transport

/// A worker within the coordinator's process, on its own threads: the same code path as with many workers, without a
/// second process.
final class InProcessWorker: Sendable {
  private let computing: ComputeThread
  private let isEnding = Mutex(false)
  private let ended = DispatchSemaphore(value: 0)

  init(
    in sockets: SocketContext, joining endpoint: Endpoint, on context: ComputeContext, blobs: BlobStore, limits: Limits
  ) throws {
    let id = UInt64.random(in: 1...UInt64.max)
    computing = try ComputeThread.start(worker: id, on: context, blobs: blobs, exchange: nil, limits: limits).thread
    let profile = Profile(of: context, exchange: nil, keys: nil)
    let ready = DispatchSemaphore(value: 0)
    let failure = Mutex<TransportError?>(nil)
    let body: @Sendable () -> Void = { [self] in
      do throws(TransportError) {
        let socket = try Socket(.dealer, in: sockets)
        try socket.connect(endpoint)
        ready.signal()
        let loop = WorkerLoop(
          worker: Worker(id: id, profile: profile, limits: limits), socket: socket, monitor: nil, computing: computing,
          blobs: blobs, cache: nil, limits: limits, log: { _ in })
        loop.run(until: { _ in isEnding.withLock { $0 } })
      } catch {
        failure.withLock { $0 = error }
        ready.signal()
      }
      ended.signal()
    }
    do { try SystemThread.start("atelier-worker", body) } catch {
      computing.end()
      throw error
    }
    ready.wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  func end() {
    computing.end()
    isEnding.withLock { $0 = true }
    ended.wait()
  }
}

extension Profile {
  /// Describes this process as a worker.
  init(of context: ComputeContext, exchange: Endpoint?, keys: KeyPair?) {
    self.init()
    host = LocalAddress.hostName
    process = UInt32(clamping: Int(getpid()))
    threads = UInt32(clamping: context.team.count)
    instructionSet = context.instructionSet.rawValue
    numerics = numericsVersion
    version = atelierVersion
    exchangeEndpoint = exchange?.text ?? ""
    exchangeKey = .init(keys?.publicKey.bytes ?? [])
  }
}
