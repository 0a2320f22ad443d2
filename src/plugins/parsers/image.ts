// image: dimensions, format, and what a camera wrote, without where it was. The bytes stay as they are.
import { QuiltError, type JsonObject, type Parser, type ParserPlugin, type SourceFile } from '../api.ts'
import { readExif } from './image-exif.ts'

interface Options {
  /** Where a picture was taken is told only when asked for. */
  readonly location: boolean
}

/** Bytes in which every format says how large the picture is. */
const headBytes = 1024 * 1024

const mimes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  tiff: 'image/tiff',
  avif: 'image/avif',
  heif: 'image/avif',
  svg: 'image/svg+xml',
}

async function read(source: SourceFile, { location }: Options): Promise<JsonObject & { mime: string }> {
  const head = await source.slice(0, Math.min(source.size, headBytes))
  const { imageSize } = await import('image-size')
  let size: ReturnType<typeof imageSize>
  try {
    size = imageSize(head)
  } catch (cause) {
    throw new QuiltError(
      'INVALID',
      `the file is no picture, or a truncated one: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  const mime = size.type === undefined ? undefined : mimes[size.type]
  if (mime === undefined)
    throw new QuiltError('INVALID', `the file holds ${size.type ?? 'something'}, and no picture`)
  const exif = mime === 'image/jpeg' || mime === 'image/tiff' ? readExif(head, { location }) : undefined
  const { width, height } = size
  return {
    mime,
    format: mime.slice('image/'.length).replace('+xml', ''),
    width,
    height,
    ...(exif && { exif }),
  }
}

const image: Parser<Options> = {
  name: 'image',
  version: '1',
  extensions: ['.png', '.jpg', '.jpeg', '.gif', '.webp', '.tif', '.tiff', '.avif', '.svg'],
  options: (raw) => {
    for (const [key, value] of Object.entries(raw)) {
      if (key !== 'location')
        throw new QuiltError('INVALID', `image has no option ${JSON.stringify(key.slice(0, 80))}`, {
          hint: 'there is location: true',
        })
      if (typeof value !== 'boolean') throw new QuiltError('INVALID', 'location must be true or false')
    }
    return { location: raw['location'] === true }
  },
  read: async (source, options) => {
    const { mime, ...info } = await read(source, options)
    return { kind: 'media', mime, info }
  },
}

const plugin: ParserPlugin = { kind: 'parser', api: 1, parsers: [image] }
export default plugin
