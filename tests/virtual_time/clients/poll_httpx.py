"""httpx, asynchronous."""
import asyncio, os, httpx

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)


async def main():
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            try:
                answer = await client.get(url, headers={"Authorization": "Bearer any"})
                if answer.json()["data"]["state"] == "success":
                    break
            except Exception:
                pass
            await asyncio.sleep(3)


asyncio.run(main())
