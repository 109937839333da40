package import Transport

/// The workers of a cluster, and how they connect.
package struct ClusterSettings: Sendable {
  /// The number of worker processes to start on this host. With none, and without ``listen``, this process works
  /// itself.
  package var workers = 0
  /// The endpoint that workers of other hosts may join.
  package var listen: Endpoint?
  /// Endpoints to listen at instead, in this order, if the port of ``listen`` is in use.
  package var otherPorts: [Endpoint] = []
  /// Starts workers on other hosts.
  package var launcher: (any WorkerLauncher)?
  /// Whether the workers end with the run: they are processes of the same job of a launcher such as Slurm.
  package var endsWorkers = false
  /// Whether a signal for the whole job reaches the local workers as well, which then leave it to this process.
  package var holdsSignals = false
  /// The time in seconds after which the first job begins with the workers that have joined; nil: never.
  package var awaitTime: Double?
  /// The number of workers to wait for before the first job begins; nil: all local workers, or one.
  package var minWorkers: Int?
  /// The number of workers that work at a time; further ones wait as spares. nil: any number.
  package var maxWorkers: Int?
  /// The keys of the coordinator and its workers; required if ``listen`` is set.
  package var keys: CoordinatorKeys?
  /// The number of threads of this process, or of its local workers together.
  package var threads: Int
  package var limits = ClusterLimits()

  /// Options that pass the limits to local workers.
  package var workerOptions: [String] = []

  package init(threads: Int) { self.threads = threads }

  /// Whether this process works itself, without other processes.
  var isOneProcess: Bool { workers == 0 && listen == nil && launcher == nil }

  /// Returns the number of threads of a local worker: the threads are divided evenly, at least one for each worker.
  func threads(ofLocalWorker index: Int) -> Int {
    max(1, threads / workers + (index < threads % workers ? 1 : 0))
  }
}

/// The coordinator's key pair and the public keys of the workers that may join.
package struct CoordinatorKeys: Sendable {
  package let own: KeyPair
  package let workers: Set<Key>
  /// The folder of the workers' keys, which is checked for changes; nil if the keys are fixed.
  package let folder: String?
  /// The guests that may enroll workers, if there can be any.
  package let invitations: InvitationBook?

  package init(own: KeyPair, workers: Set<Key>, folder: String? = nil, invitations: InvitationBook? = nil) {
    (self.own, self.workers, self.folder, self.invitations) = (own, workers, folder, invitations)
  }

  /// Creates the keys of a job whose processes share a secret.
  package init(_ secret: JobSecret) { self.init(own: secret.coordinator, workers: [secret.worker.publicKey]) }

  /// Creates keys for one cluster, whose workers it starts itself.
  static var forThisCluster: CoordinatorKeys {
    CoordinatorKeys(own: KeyPair(), workers: [])
  }

  /// Returns keys with which only processes of this user may join: see ``KeyFiles/currentUserKeys(environment:)``.
  package static func currentUser() throws(TransportError) -> CoordinatorKeys {
    let pair = try KeyFiles.currentUserKeys()
    return CoordinatorKeys(own: pair, workers: [pair.publicKey])
  }
}

/// A worker's key pair and the public key of its coordinator.
package struct WorkerKeys: Sendable {
  package let own: KeyPair
  package let coordinator: Key

  package init(own: KeyPair, coordinator: Key) { (self.own, self.coordinator) = (own, coordinator) }

  /// Creates the keys of a job whose processes share a secret.
  package init(_ secret: JobSecret) { self.init(own: secret.worker, coordinator: secret.coordinator.publicKey) }

  /// Returns the keys for a coordinator of this user: see ``KeyFiles/currentUserKeys(environment:)``.
  package static func currentUser() throws(TransportError) -> WorkerKeys {
    let pair = try KeyFiles.currentUserKeys()
    return WorkerKeys(own: pair, coordinator: pair.publicKey)
  }
}
