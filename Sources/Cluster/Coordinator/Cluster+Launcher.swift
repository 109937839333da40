internal import Coordination
internal import Foundation
package import Transport

/// Starts workers on other hosts for a cluster, and ends them.
package protocol WorkerLauncher: AnyObject, Sendable {
  /// Called when the cluster has begun to listen, and ten times per second while a job runs, on the cluster's thread.
  /// - Throws: any error, which ends the job: no worker can be started
  func advance(_ cluster: Cluster) throws

  /// Ends all workers.
  func end()
}

extension Cluster {
  var hasRemoteWorkers: Bool { settings.listen != nil || settings.launcher != nil }

  package var hasWorkers: Bool { coordinator.workerCount > 0 }

  /// Whether there are no workers, and none can join but those of the launcher.
  package var dependsOnLauncher: Bool { !hasWorkers && settings.workers == 0 && settings.listen == nil }

  /// Listens at an address of this host, for hosts that reach it by that address.
  /// - Parameter host: a numeric address
  /// - Returns: the endpoint: that of ``ClusterSettings/listen``, or one with a port that the system chooses
  /// - Throws: ``TransportError`` if the address does not belong to this host
  package func endpoint(at host: String) throws(TransportError) -> Endpoint {
    if let endpoint, let port = endpoint.port {
      return endpoint.isWildcard ? try Endpoint(host: host, port: port) : endpoint
    }
    if let known = launchEndpoints[host] { return known }
    let bound = try router.bind(try Endpoint(host: host))
    launchEndpoints[host] = bound
    return bound
  }

  /// Returns a join token with which one worker can enroll at an endpoint.
  /// - Parameter endpoint: an endpoint of this cluster, as the worker reaches it
  /// - Throws: ``TransportError`` if the invitation cannot be stored
  package func invite(to endpoint: Endpoint) throws(TransportError) -> JoinToken {
    guard let keys, let launched else { throw TransportError("this run has no launcher that starts workers") }
    let token = try launched.invite(lifetime: Self.lifetime, coordinator: keys.own.publicKey, addresses: [endpoint])
    admitGuests()
    return token
  }

  /// Whether a worker has enrolled with a token of ``invite(to:)``.
  package func hasEnrolled(with token: JoinToken) -> Bool {
    launched?.current.byGuest[token.guest.publicKey]?.workers.isEmpty == false
  }

  /// The worker enrolls as soon as it has started.
  private static let lifetime = Duration.seconds(300)

  /// Reports the end of the run to the workers of the job, which then end as well.
  func endWorkers() {
    // A run that has nothing left to compute ends before its workers have joined.
    let end = now + Self.lateTime
    var informed: Set<WorkerID> = []
    while true {
      for (worker, route) in routes where informed.insert(worker).inserted {
        send(to: route) { ($0.refusal.reason, $0.refusal.ended) = ("the run has ended", true) }
      }
      guard names.count < settings.minWorkers ?? 0, now < end else { break }
      router.wait(milliseconds: 50)
      receive()
    }
    // The socket drops unsent messages when it is closed.
    if !informed.isEmpty { usleep(Self.farewell) }
  }

  private static let lateTime: Milliseconds = 5_000
  /// The time for the last messages, in microseconds.
  private static let farewell: UInt32 = 100_000
}
