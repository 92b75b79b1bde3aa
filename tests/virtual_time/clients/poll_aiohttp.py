"""aiohttp."""
import asyncio, os, aiohttp

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)


async def main():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        while True:
            try:
                async with client.get(url, headers={"Authorization": "Bearer any"}) as answer:
                    if (await answer.json())["data"]["state"] == "success":
                        break
            except Exception:
                pass
            await asyncio.sleep(3)


asyncio.run(main())
