/** One line of the result: what was measured, beside what it is compared with in the same run. */
export type Figure = {
  what: string
  /** As it was measured, with units. */
  measured: string
  /** What it is compared with, and its own figure. */
  beside: string
  /** The one that counts. */
  result: string
  /** What it has to be; undefined where it is only told. */
  goal?: string
  met?: boolean
}

export type Settings = Readonly<Record<string, string>>

/** Measures something; cleans up all that it starts. */
export type Benchmark = {
  name: string
  /** Needs a Docker engine with the base image. */
  needsDocker: boolean
  run(settings: Settings): Promise<Figure[]>
}

export const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`
export const times = (value: number) => `${value.toFixed(2)}×`
export const megabytes = (value: number) => `${value.toFixed(0)} MB`
