internal import Text

/// Simulates the limits of a large cluster: the state machines with many workers in simulated time, and a model of the
/// gradient exchange.
package struct SimulationBenchmark {
  package struct Tasks: Encodable {
    package let workers: Int
    package let units: Int
    package let simulatedSeconds: Double
    /// The duration if no worker ever waited.
    package let idealSeconds: Double
    package let messagesPerUnit: Double
    package let coordinatorMicrosecondsPerUnit: Double
  }

  package struct Exchange: Encodable {
    package let workers: Int
    package let gigabits: Double
    package let milliseconds: Double
    /// The fraction of the ideal speedup, which is the number of workers.
    package let efficiency: Double
  }

  package struct Result: Encodable {
    package let tasks: [Tasks]
    package let exchange: [Exchange]
  }

  /// - Parameters:
  ///   - workers: the numbers of workers of the simulations
  ///   - tasks: the number of tasks in each
  package static func run(workers: [Int] = [10, 100, 1_000], tasks: Int = 100_000) -> Result {
    Result(
      tasks: workers.map { workers in
        var simulation = TaskSimulation(workers: workers, tasks: tasks)
        return simulation.run()
      },
      exchange: [2, 4, 8, 16, 64, 256, 1_000].flatMap { workers in
        [1.0, 10, 100].map { ExchangeModel(workers: workers, gigabits: $0).result }
      })
  }

  package static func text(_ result: Result) -> String {
    var tasks = TextTable(
      [.right, .right, .right, .right, .right, .right],
      header: ["workers", "tasks", "simulated s", "ideal s", "messages/task", "coordinator µs/task"])
    for row in result.tasks {
      tasks.add([
        "\(row.workers)", "\(row.units)", formatted(row.simulatedSeconds, digits: 2),
        formatted(row.idealSeconds, digits: 2), formatted(row.messagesPerUnit, digits: 3),
        formatted(row.coordinatorMicrosecondsPerUnit, digits: 2),
      ])
    }
    var exchange = TextTable(
      [.right, .right, .right, .right], header: ["workers", "Gbit/s", "step ms", "efficiency"])
    for row in result.exchange {
      exchange.add([
        "\(row.workers)", formatted(row.gigabits, digits: 0), formatted(row.milliseconds, digits: 1),
        formatted(100 * row.efficiency, digits: 0) + " %",
      ])
    }
    return """
      Tasks of 20 to 40 ms, distributed by the state machines, with a message delay of 1 ms:

      \(tasks.text)

      Model of a step of the default network: 8 shards per worker, links with a delay of 0.1 ms:

      \(exchange.text)
      """
  }
}
