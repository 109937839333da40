package import Coordination
package import Transport

/// Who shall work, and how they are reached.
package struct ClusterSettings: Sendable {
  /// Worker processes to start on this machine. Without any, and without ``listen``, this process works itself.
  package var workers = 0
  /// Where workers of other hosts may join.
  package var listen: Endpoint?
  /// How many workers to wait for before anything is handed out; nil: the local ones, or one.
  package var minWorkers: Int?
  /// Who may join; needed wherever others than local workers can.
  package var keys: CoordinatorKeys?
  /// Threads that this process, or its local workers together, shall use.
  package var threads: Int
  package var limits = Limits()

  /// What a worker is told of the limits, on its command line.
  package var workerOptions: [String] = []

  package init(threads: Int) { self.threads = threads }

  /// Whether this process works itself, and no other one.
  package var isOneProcess: Bool { workers == 0 && listen == nil }

  /// How the threads are shared out among the local workers: as evenly as can be, at least one for each.
  func threads(ofLocalWorker index: Int) -> Int {
    max(1, threads / workers + (index < threads % workers ? 1 : 0))
  }
}

/// The coordinator's own keys, and those of the workers that it lets in.
package struct CoordinatorKeys: Sendable {
  package let own: KeyPair
  package let workers: Set<Key>
  /// Where the workers' keys are, which is looked at again and again; nil: they stay as they are.
  package let folder: String?

  package init(own: KeyPair, workers: Set<Key>, folder: String? = nil) {
    (self.own, self.workers, self.folder) = (own, workers, folder)
  }

  /// Lets in the processes of this user: see ``KeyFiles/currentUserKeys(environment:)``.
  package static func currentUser() throws(TransportError) -> CoordinatorKeys {
    let pair = try KeyFiles.currentUserKeys()
    return CoordinatorKeys(own: pair, workers: [pair.publicKey])
  }
}

/// Who a worker is, and whom it trusts.
package struct WorkerKeys: Sendable {
  package let own: KeyPair
  package let coordinator: Key

  package init(own: KeyPair, coordinator: Key) { (self.own, self.coordinator) = (own, coordinator) }

  /// For a coordinator of this user: see ``KeyFiles/currentUserKeys(environment:)``.
  package static func currentUser() throws(TransportError) -> WorkerKeys {
    let pair = try KeyFiles.currentUserKeys()
    return WorkerKeys(own: pair, coordinator: pair.publicKey)
  }
}
